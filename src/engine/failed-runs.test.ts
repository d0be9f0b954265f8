import { afterAll, describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { buffer, parameter, rejection, valuesOf, vector } from '../../test/tensors.ts'
import { Value } from '../ir/node.ts'
import { withScope } from '../ir/scope.ts'
import { noGrad, recorder } from './recorder.ts'
import { StateError } from './state-error.ts'
import { composite, record, Tensor } from './tensor.ts'

afterAll(() => recorder.close())

/** A sum over 2^36 floats: more than there is memory for. */
function tooLarge(): Tensor {
  const scope = { path: 'head', className: 'Huge', parent: undefined }
  return composite(() =>
    withScope(scope, () =>
      vector(1)
        .expand([2 ** 36])
        .sum([0], { keepdim: true }),
    ),
  )
}

const UNREADABLE = 'Cannot read a tensor: the run that was to compute it failed\n'
const NO_MEMORY = 'Failed to allocate memory for requested buffer of size 274877906944'

describe('a failed run', () => {
  test('a failed run tells its readers the operation, the module and the cause', async () => {
    const message = await rejection(tooLarge().data())
    expect(message).toBe(`${UNREADABLE}Cannot run "aten.expand in module "head" (Huge)": ${NO_MEMORY}`)
  })

  test('a failed run tells which result there was no room for', async () => {
    const message = await rejection(
      vector(1)
        .expand([2 ** 40])
        .realize(),
    )
    expect(message).toBe(
      `${UNREADABLE}Cannot run "aten.expand": expected room for float32 [1099511627776], got none: ` +
        'Invalid typed array length: 1099511627776',
    )
  })

  test('a failed run is the cause of the failure of runs that need its results', async () => {
    const failed = tooLarge()
    recorder.flush()
    const later = failed.mul(2).add(1)
    recorder.flush()
    expect(await rejection(later.data())).toContain(
      'Cannot run "aten.expand in module "head" (Huge)": Failed',
    )
  })

  test('a failed run leaves state as it was: data from the host, and data from an earlier run', async () => {
    for (const warm of [false, true]) {
      const [state, other] = [buffer(5), parameter(7)]
      if (warm) {
        state.assign(state.add(1))
        await state.realize()
      }
      const expected = warm ? [6] : [5]
      noGrad(() => {
        state.assign(state.add(tooLarge()))
        other.assign(other.mul(2))
      })
      recorder.flush()
      noGrad(() => state.assign(state.mul(2)))
      const before = await rejection(recorder.settled())
      expect(before).toMatch(/^Cannot run "aten.expand in module "head" \(Huge\)": /)
      expect(await valuesOf(other)).toEqual([7])
      expect([expected, expected.map((value) => value * 2)]).toContainEqual(await valuesOf(state))
      state.assign(state.mul(10))
      expect((await valuesOf(state))[0]).toBeGreaterThanOrEqual(50)
    }
  })

  test('a failed run does not disturb others', async () => {
    const failed = tooLarge()
    recorder.flush()
    expect(await valuesOf(vector(1).mul(3))).toEqual([3])
    await rejection(failed.data())
  })

  test('a graph that cannot be lowered fails like one that cannot run', async () => {
    const state = buffer(2)
    const broken = fakeOperation('test.broken', {
      lower() {
        throw new TypeError('Cannot lower "test.broken": expected a kernel, got none')
      },
    })
    const result = record(broken, [vector(1)], {})
    state.assign(state.add(result))
    expect(await rejection(result.data())).toBe(
      `${UNREADABLE}Cannot lower "test.broken": expected a kernel, got none`,
    )
    expect(await valuesOf(state)).toEqual([2])
  })

  test('a graph that the runtime does not take names the operation', async () => {
    const unknown = fakeOperation('test.unknown', {
      lower: (e) => [e.op('NoSuchOperator', [e.inputs[0] ?? ''])],
    })
    const message = await rejection(record(unknown, [vector(1)], {}).data())
    expect(message).toMatch(
      /^Cannot read a tensor: the run that was to compute it failed\nCannot compile "test.unknown": /,
    )
    expect(message).toContain('NoSuchOperator')
  })
})

describe('a stale read', () => {
  const STALE =
    'Cannot run "aten.mul": expected the data of its input, got none: it was replaced by a later update\n' +
    'Hint: read a value before the step that updates what it was computed from'

  /** A product inside of a composite, that no dispatch delivers. */
  function inner(state: Tensor): Tensor {
    let product = state
    composite(() => {
      product = state.mul(2)
      return []
    })
    return product
  }

  test('a stale read is a StateError that says what to do', async () => {
    const state = buffer(1)
    const product = inner(state)
    state.assign(vector(3))
    await state.realize()
    await expect(product.data()).rejects.toEqual(new StateError(STALE))
  })

  test('a stale read does not disturb what is pending beside it', async () => {
    const state = buffer(1)
    const product = inner(state)
    state.assign(vector(3))
    await state.realize()
    const [sound, sum] = [vector(1).mul(2), product.add(1)]
    expect(await valuesOf(sound)).toEqual([2])
    await expect(sum.data()).rejects.toEqual(new StateError(STALE))
  })

  test('a state that is assigned something stale stays what it was', async () => {
    const [state, other, sound] = [buffer(1), buffer(10), buffer(20)]
    const product = inner(state)
    state.assign(vector(3))
    await state.realize()
    other.assign(other.add(product))
    sound.assign(sound.add(1))
    expect(() => recorder.flush()).toThrow(new StateError(STALE))
    expect([await valuesOf(other), await valuesOf(sound)]).toEqual([[10], [21]])
  })

  test('a value that stands for an input of a capture cannot be read', async () => {
    const placeholder = new Tensor(new Value(float32(1)))
    await expect(placeholder.data()).rejects.toEqual(
      new StateError('Cannot read float32 [1]: expected data, got a placeholder of a capture'),
    )
    await expect(placeholder.expand([2]).data()).rejects.toEqual(
      new StateError('Cannot run "aten.expand": expected data, got a placeholder of a capture'),
    )
  })
})
