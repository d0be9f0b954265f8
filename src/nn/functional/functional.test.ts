import { afterAll, describe, expect, test } from 'vitest'
import { ones, tensor } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { F } from '../index.ts'

afterAll(() => recorder.device.close())

const x = tensor([-8, -0.5, 0, 2, 8])

/** What the layers do not reach. */
const rows: readonly (readonly [name: string, compute: () => Tensor, expected: readonly number[]])[] = [
  ['relu', () => F.relu(x), [0, 0, 0, 2, 8]],
  ['relu6', () => F.relu6(x), [0, 0, 0, 2, 6]],
  ['sigmoid', () => F.sigmoid(x.mul(100)), [0, 0, 0.5, 1, 1]],
  ['tanh', () => F.tanh(x.mul(100)), [-1, -1, 0, 1, 1]],
  [
    'softplus',
    () => F.softplus(x, { beta: 2, threshold: 1 }),
    [0, Math.log1p(Math.exp(-1)) / 2, Math.log(2) / 2, 2, 8],
  ],
  ['softmax', () => F.softmax(x.mul(0), 0), [0.2, 0.2, 0.2, 0.2, 0.2]],
  ['logSoftmax', () => F.logSoftmax(x.mul(0), 0).exp(), [0.2, 0.2, 0.2, 0.2, 0.2]],
  ['flatten', () => F.flatten(x.view([1, 5])), [-8, -0.5, 0, 2, 8]],
  ['pad', () => F.pad(x, [1, 0]), [0, -8, -0.5, 0, 2, 8]],
  [
    'pad with the edges',
    () => F.pad(x.view([1, 5]), [0, 2], { mode: 'replicate' }),
    [-8, -0.5, 0, 2, 8, 8, 8],
  ],
  ['dropout in evaluation', () => F.dropout(x, { training: false }), [-8, -0.5, 0, 2, 8]],
  ['dropout of everything', () => F.dropout(x, { p: 1 }), [-0, -0, 0, 0, 0]],
  [
    'scaledDotProductAttention with a mask',
    () =>
      F.scaledDotProductAttention(
        ones([1, 2]),
        ones([2, 2]),
        tensor([
          [1, 2],
          [3, 4],
        ]),
        { attnMask: tensor([[false, true]]) },
      ),
    [3, 4],
  ],
  [
    'scaledDotProductAttention with a scale, causal',
    () =>
      F.scaledDotProductAttention(ones([2, 2]), ones([2, 2]), tensor([[1], [3]]), {
        scale: 0.5,
        isCausal: true,
      }),
    [1, 2],
  ],
]

describe('F', () => {
  test.each(rows)('F.%s gives its values', async (_, compute, expected) => {
    const values: number[] = []
    for (const value of await compute().data()) values.push(Number(value))
    expect(values.length).toBe(expected.length)
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5)
  })
})
