import { afterAll, describe, expect, test } from 'vitest'
import { goldens } from '../../../test/optimizer-goldens.ts'
import { tensor } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { Parameter } from '../parameter.ts'
import { Adam, AdamW } from './adam.ts'
import { SGD } from './sgd.ts'

const optimizers = { SGD, Adam, AdamW }

afterAll(() => recorder.device.close())

describe('Optimizer.step()', () => {
  const rows = goldens.optimizers.map((golden) => [golden.optimizer, golden.name, golden] as const)
  test.each(rows)(
    '%s agrees with PyTorch: %s',
    async (name, _, { options, initial, gradients, parameters }) => {
      const parameter = parameterOf(initial)
      const optimizer = new optimizers[name]([parameter], options)
      for (const [i, gradient] of gradients.entries()) {
        optimizer.zeroGrad()
        backwardWith(parameter, gradient)
        optimizer.step()
        await expectClose(parameter, parameters[i] ?? [])
      }
    },
  )

  test('Optimizer.step() compiles nothing after the first step, also when the learning rate changes', async () => {
    const parameter = parameterOf([1, 2])
    const optimizer = new Adam([parameter])
    const stepWith = async (lr: number) => {
      optimizer.lr = lr
      optimizer.zeroGrad()
      backwardWith(parameter, [1, -1])
      optimizer.step()
      await parameter.realize()
    }
    await stepWith(0.1)
    const { compiled } = recorder.sessions.stats
    for (const lr of [0.2, 0.2, 0.3]) await stepWith(lr)
    expect(recorder.sessions.stats.compiled).toBe(compiled)
  })

  test('Optimizer.step() uses the gradients up', async () => {
    const parameter = parameterOf([1, 2])
    const optimizer = new SGD([parameter])
    backwardWith(parameter, [1, 1])
    optimizer.step()
    await expect(parameter.grad?.data()).rejects.toThrow(
      new StateError(
        'Cannot read float32 [2]: step() used this gradient up\n' +
          'Hint: read it before step(), or record a new one with zeroGrad() and backward()',
      ),
    )
    expect(() => optimizer.step()).toThrow(
      new StateError(
        'Cannot make a step: expected gradients of a new backward(), got those that the last step() used up\n' +
          'Hint: call zeroGrad() before backward()',
      ),
    )
  })

  test('Optimizer.step() leaves parameters without a gradient as they are', async () => {
    const [used, unused] = [parameterOf([1]), parameterOf([2])]
    const optimizer = new SGD([used, unused], { lr: 1 })
    backwardWith(used, [1])
    optimizer.step()
    expect([await used.item(), await unused.item()]).toEqual([0, 2])
    expect(unused.grad).toBeNull()
  })

  test('Optimizer.step() lets gradients of two backwards add up', async () => {
    const parameter = parameterOf([1])
    const optimizer = new SGD([parameter], { lr: 1 })
    backwardWith(parameter, [1])
    backwardWith(parameter, [2])
    optimizer.step()
    expect(await parameter.item()).toBe(-2)
  })
})

describe('Optimizer', () => {
  test('Optimizer learns groups of parameters with options of their own', async () => {
    const [a, b] = [parameterOf([1]), parameterOf([1])]
    const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 0.25 })
    for (const parameter of [a, b]) backwardWith(parameter, [1])
    optimizer.step()
    expect([await a.item(), await b.item()]).toEqual([0.75, 0.5])
  })

  test('Optimizer.lr sets the learning rate of all groups', () => {
    const optimizer = new SGD([{ params: [parameterOf([1])] }, { params: [parameterOf([1])], lr: 0.5 }])
    optimizer.lr = 0.125
    expect(optimizer.groups.map(({ options }) => options.lr)).toEqual([0.125, 0.125])
  })

  test('Optimizer takes no parameter twice, and needs one', () => {
    const parameter = parameterOf([1])
    expect(() => new SGD([parameter, parameter])).toThrow(
      new RangeError('Cannot make a "SGD": expected every parameter once, got one twice'),
    )
    expect(() => new Adam([])).toThrow(new RangeError('Cannot make a "Adam": expected parameters, got none'))
  })

  test('SGD with nesterov needs a momentum and no dampening', () => {
    expect(() => new SGD([parameterOf([1])], { nesterov: true })).toThrow(
      new RangeError('Cannot make a "SGD": expected a momentum and no dampening for nesterov, got 0 and 0'),
    )
  })

  test.each(['SGD', 'Adam'] as const)(
    '%s.loadStateDict() goes on where stateDict() was taken',
    async (name) => {
      const golden = goldens.optimizers.find((row) => row.optimizer === name && row.name !== 'plain')
      if (golden === undefined)
        throw new RangeError(`Cannot find a golden of ${name}: expected one, got none`)
      const { options, initial, gradients, parameters } = golden
      const first = parameterOf(initial)
      const before = new optimizers[name]([first], options)
      for (const gradient of gradients.slice(0, 3)) {
        before.zeroGrad()
        backwardWith(first, gradient)
        before.step()
      }
      const second = new Parameter(await first.array())
      const after = new optimizers[name]([second])
      after.loadStateDict(Object(await before.stateDict()))
      for (const gradient of gradients.slice(3)) {
        after.zeroGrad()
        backwardWith(second, gradient)
        after.step()
      }
      await expectClose(second, parameters.at(-1) ?? [])
    },
  )

  test('Optimizer.loadStateDict() names what does not fit', async () => {
    const optimizer = new SGD([parameterOf([1, 2])], { momentum: 0.9 })
    const groups = [{ options: optimizer.groups[0]?.options ?? Object(null), count: 1 }]
    const wide = fromTypedArray(Float32Array.of(1, 2, 3), [3])
    expect(() =>
      optimizer.loadStateDict({ groups, tensors: new Map([['0.momentum_buffer', wide]]) }),
    ).toThrow(
      new ShapeError(
        'Cannot load the state of "SGD": expected float32 [2] for "0.momentum_buffer", got float32 [3]',
        [[2], [3]],
      ),
    )
    expect(() =>
      optimizer.loadStateDict({ groups, tensors: new Map([['1.momentum_buffer', wide]]) }),
    ).toThrow(
      new RangeError(
        'Cannot load the state of "SGD": expected at most 1 parameters, got "1.momentum_buffer"',
      ),
    )
    expect(() => optimizer.loadStateDict({ groups: [], tensors: new Map() })).toThrow(
      new RangeError('Cannot load the state of "SGD": expected groups of [1] parameters, got []'),
    )
  })
})

function parameterOf(values: readonly number[]): Parameter {
  return new Parameter(fromTypedArray(Float32Array.from(values), [values.length]))
}

/** Adds a gradient to the parameter's. */
function backwardWith(parameter: Parameter, gradient: readonly number[]): void {
  parameter.mul(tensor(gradient)).sum().backward()
}

async function expectClose(
  actual: { data(): Promise<ArrayLike<unknown>> } | null,
  expected: readonly number[],
): Promise<void> {
  const got = Array.from((await actual?.data()) ?? [], Number)
  expect(got.length).toBe(expected.length)
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6)
}
