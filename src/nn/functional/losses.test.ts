import { afterAll, describe, expect, test } from 'vitest'
import { type GoldenCase, readGoldens } from '../../../test/op-goldens.ts'
import { tensor, zeros } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { crossEntropy, nll } from './class-losses.ts'
import { bceWithLogits, klDiv, l1, mse } from './regression-losses.ts'

const { cases, tensors } = readGoldens('losses')

type Inputs = readonly [Tensor, Tensor, Tensor | null, Tensor | null]

const losses: Readonly<Record<string, (inputs: Inputs, attrs: object) => Tensor>> = {
  'nn.crossEntropy': ([x, y, weight], attrs) => crossEntropy(x, y, { ...attrs, weight }),
  'nn.nll': ([x, y, weight], attrs) => nll(x, y, { ...attrs, weight }),
  'nn.mse': ([x, y], attrs) => mse(x, y, attrs),
  'nn.l1': ([x, y], attrs) => l1(x, y, attrs),
  'nn.bceWithLogits': ([x, y, weight, posWeight], attrs) =>
    bceWithLogits(x, y, { ...attrs, weight, posWeight }),
  'nn.klDiv': ([x, y], attrs) => klDiv(x, y, attrs),
}

afterAll(() => recorder.device.close())

describe('losses', () => {
  test.each(cases.map((golden) => [golden.op, golden.name, golden] as const))(
    '%s agrees with PyTorch: %s',
    async (op, _, golden) => {
      const inputs = golden.inputs.map((key) => (key === null ? null : fromHost(tensorOf(key))))
      golden.gradInputs?.forEach((key, i) => {
        const input = inputs[i]
        if (key !== null && input) input.requiresGrad = true
      })
      const [x, y, weight = null, posWeight = null] = inputs
      const compute = losses[op]
      if (!x || !y || !compute)
        throw new TypeError(`Cannot run "${op}": expected a loss with two inputs, got none`)
      const loss = compute([x, y, weight, posWeight], golden.attrs)
      loss.backward(seedOf(golden))
      await expectClose(loss, golden.outputs[0])
      for (const [i, key] of golden.gradInputs?.entries() ?? [])
        if (key !== null) await expectClose(inputs[i]?.grad, key)
    },
  )
})

describe('crossEntropy()', () => {
  const logits = zeros([3, 5])

  test('crossEntropy() names the shapes of a target that does not fit', () => {
    expect(() => crossEntropy(logits, tensor([1n, 2n]))).toThrow(
      new ShapeError('Cannot compute "crossEntropy": expected a target [3] for scores [3, 5], got [2]'),
    )
  })

  test('crossEntropy() rejects a label on the host that is no class', () => {
    expect(() => crossEntropy(logits, tensor([1n, 5n, 0n]))).toThrow(
      new RangeError('Cannot compute "crossEntropy": expected labels from 0 to 4, got 5 (element 1)'),
    )
  })

  test('crossEntropy() takes labels of any integer dtype', async () => {
    for (const dtype of ['int64', 'int32', 'uint8'] as const) {
      const loss = crossEntropy(logits, tensor([1, 4, 0], { dtype }))
      expect(await loss.item()).toBeCloseTo(Math.log(5), 6)
    }
  })
})

function seedOf({ gradOutputs }: GoldenCase): Tensor | undefined {
  const key = gradOutputs?.[0]
  return key ? fromHost(tensorOf(key)) : undefined
}

async function expectClose(actual: Tensor | null | undefined, key: string | undefined): Promise<void> {
  if (!actual) throw new TypeError('Cannot compare: expected a tensor, got none')
  const expected = tensorOf(key)
  const got = await actual.array()
  expect(got.shape).toEqual(expected.shape)
  const y = toFloat32(expected)
  for (const [i, x] of toFloat32(got).entries()) {
    const wanted = y[i] ?? Number.NaN
    if (Math.abs(x - wanted) > 1e-6 + 1e-5 * Math.abs(wanted))
      expect.fail(`expected ${wanted} at ${i}, got ${x}`)
  }
}

function tensorOf(key: string | undefined): HostArray {
  const array = key === undefined ? undefined : tensors.get(key)
  if (array === undefined)
    throw new RangeError(`Cannot find the golden tensor "${key}": expected it, got none`)
  return array
}
