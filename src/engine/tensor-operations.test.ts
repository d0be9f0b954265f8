import { afterAll, describe, expect, test } from 'vitest'
import { cat, einsum, stack, where } from './combine-tensors.ts'
import { tensor } from './create-tensors.ts'
import { recorder } from './recorder.ts'
import type { Tensor } from './tensor.ts'

afterAll(() => recorder.device.close())

const x = tensor([
  [1, -2, 3],
  [4, 5, -6],
])
const y = tensor([
  [2, 2, 2],
  [1, 5, -1],
])

/** Values and, where it is not [2, 3], the shape. */
const elementwise: readonly (readonly [name: string, compute: () => Tensor, expected: readonly number[]])[] =
  [
    ['add', () => x.add(y), [3, 0, 5, 5, 10, -7]],
    ['add with alpha', () => x.add(y, { alpha: 2 }), [5, 2, 7, 6, 15, -8]],
    ['add of a number', () => x.add(1, { alpha: 2 }), [3, 0, 5, 6, 7, -4]],
    ['sub', () => x.sub(y), [-1, -4, 1, 3, 0, -5]],
    ['rsub', () => x.rsub(1), [0, 3, -2, -3, -4, 7]],
    ['mul', () => x.mul(y), [2, -4, 6, 4, 25, 6]],
    ['div', () => x.div(y), [0.5, -1, 1.5, 4, 1, 6]],
    ['div rounded down', () => x.div(2, { roundingMode: 'floor' }), [0, -1, 1, 2, 2, -3]],
    ['pow', () => x.pow(2), [1, 4, 9, 16, 25, 36]],
    ['pow of tensors', () => y.pow(tensor([3])), [8, 8, 8, 1, 125, -1]],
    ['neg', () => x.neg(), [-1, 2, -3, -4, -5, 6]],
    ['abs', () => x.abs(), [1, 2, 3, 4, 5, 6]],
    ['sign', () => x.sign(), [1, -1, 1, 1, 1, -1]],
    ['sqrt', () => x.pow(2).sqrt(), [1, 2, 3, 4, 5, 6]],
    ['rsqrt', () => y.abs().rsqrt().pow(-2), [2, 2, 2, 1, 5, 1]],
    ['reciprocal', () => y.reciprocal(), [0.5, 0.5, 0.5, 1, 0.2, -1]],
    ['exp and log', () => y.abs().log().exp(), [2, 2, 2, 1, 5, 1]],
    ['sin and cos', () => x.sin().pow(2).add(x.cos().pow(2)), [1, 1, 1, 1, 1, 1]],
    ['erf', () => x.mul(10).erf(), [1, -1, 1, 1, 1, -1]],
    ['floor', () => x.div(2).floor(), [0, -1, 1, 2, 2, -3]],
    ['ceil', () => x.div(2).ceil(), [1, -1, 2, 2, 3, -3]],
    ['round', () => x.div(2).round(), [0, -1, 2, 2, 2, -3]],
    ['clamp', () => x.clamp({ min: -1, max: 3 }), [1, -1, 3, 3, 3, -1]],
    ['minimum', () => x.minimum(y), [1, -2, 2, 1, 5, -6]],
    ['minimum with a number', () => x.minimum(2), [1, -2, 2, 2, 2, -6]],
    ['maximum', () => x.maximum(y), [2, 2, 3, 4, 5, -1]],
    ['maximum with a number', () => x.maximum(2), [2, 2, 3, 4, 5, 2]],
    ['eq', () => x.eq(y), [0, 0, 0, 0, 1, 0]],
    ['ne', () => x.ne(4), [1, 1, 1, 0, 1, 1]],
    ['lt', () => x.lt(y), [1, 1, 0, 0, 0, 1]],
    ['le', () => x.le(y), [1, 1, 0, 0, 1, 1]],
    ['gt', () => x.gt(0), [1, 0, 1, 1, 1, 0]],
    ['ge', () => x.ge(y), [0, 0, 1, 1, 1, 0]],
    ['logicalAnd', () => x.gt(0).logicalAnd(y.gt(1)), [1, 0, 1, 0, 1, 0]],
    ['logicalOr', () => x.gt(0).logicalOr(y.gt(1)), [1, 1, 1, 1, 1, 0]],
    ['logicalNot', () => x.gt(0).logicalNot(), [0, 1, 0, 0, 0, 1]],
    ['to', () => x.to('int32'), [1, -2, 3, 4, 5, -6]],
    ['cumsum', () => x.cumsum(1), [1, -1, 2, 4, 9, 3]],
    ['clone', () => x.clone(), [1, -2, 3, 4, 5, -6]],
    ['contiguous', () => x.contiguous(), [1, -2, 3, 4, 5, -6]],
    ['relu', () => x.relu(), [1, 0, 3, 4, 5, 0]],
    ['sigmoid', () => x.mul(100).sigmoid(), [1, 0, 1, 1, 1, 0]],
    ['tanh', () => x.mul(100).tanh(), [1, -1, 1, 1, 1, -1]],
    ['softmax', () => x.mul(100).softmax(1), [0, 0, 1, 0, 1, 0]],
    ['logSoftmax', () => x.mul(0).logSoftmax(1).exp().mul(3), [1, 1, 1, 1, 1, 1]],
    [
      'gather',
      () =>
        x.gather(
          1,
          tensor([
            [2n, 1n, 0n],
            [0n, 0n, 1n],
          ]),
        ),
      [3, -2, 1, 4, 4, 5],
    ],
    ['where', () => where(x.gt(0), x, y), [1, 2, 3, 4, 5, -1]],
    ['where with a number', () => where(x.gt(0), x, 0), [1, 0, 3, 4, 5, 0]],
  ]

/** Shape and values. */
const reshaping: readonly (readonly [
  name: string,
  compute: () => Tensor,
  shape: readonly number[],
  expected: readonly number[],
])[] = [
  ['sum', () => x.sum(), [], [5]],
  ['sum over a dimension', () => x.sum(-1), [2], [2, 3]],
  ['mean', () => x.mean([0], { keepdim: true }), [1, 3], [2.5, 1.5, -1.5]],
  ['var', () => x.var(0, { correction: 0 }), [3], [2.25, 12.25, 20.25]],
  ['amax', () => x.amax(), [], [5]],
  ['amin', () => x.amin(1), [2], [-2, -6]],
  ['argmax', () => x.argmax(1), [2], [2, 1]],
  ['argmin', () => x.argmin(), [], [5]],
  ['matmul', () => x.matmul(y.t()), [2, 2], [4, -12, 6, 35]],
  ['bmm', () => x.unsqueeze(0).bmm(y.transpose(0, 1).unsqueeze(0)), [1, 2, 2], [4, -12, 6, 35]],
  ['einsum', () => einsum('ij,kj->ik', x, y), [2, 2], [4, -12, 6, 35]],
  ['reshape', () => x.reshape([3, -1]), [3, 2], [1, -2, 3, 4, 5, -6]],
  ['view', () => x.view([6]), [6], [1, -2, 3, 4, 5, -6]],
  ['flatten', () => x.flatten(), [6], [1, -2, 3, 4, 5, -6]],
  ['unflatten', () => x.unflatten(1, [1, 3]), [2, 1, 3], [1, -2, 3, 4, 5, -6]],
  ['permute', () => x.permute([1, 0]), [3, 2], [1, 4, -2, 5, 3, -6]],
  ['squeeze', () => x.slice(0, 0, 1).squeeze(0), [3], [1, -2, 3]],
  ['squeeze of all', () => x.slice(0, 0, 1).squeeze(), [3], [1, -2, 3]],
  ['expand', () => x.slice(1, 0, 1).expand([-1, 2]), [2, 2], [1, 1, 4, 4]],
  ['slice', () => x.slice(1, 0, null, { step: 2 }), [2, 2], [1, 3, 4, -6]],
  ['select', () => x.select(0, -1), [3], [4, 5, -6]],
  ['index', () => x.index(null, tensor([2n, 0n])), [2, 2], [3, 1, -6, 4]],
  ['cat', () => cat([x, y.slice(0, 0, 1)]), [3, 3], [1, -2, 3, 4, 5, -6, 2, 2, 2]],
  ['stack', () => stack([x.select(0, 0), y.select(0, 1)], 1), [3, 2], [1, 1, -2, 5, 3, -1]],
]

describe('TensorOperations', () => {
  test.each(elementwise)('%s computes element by element', async (_, compute, expected) => {
    const result = compute()
    expect(result.shape).toEqual([2, 3])
    await expectClose(result, expected)
  })

  test.each(reshaping)('%s gives its shape and values', async (_, compute, shape, expected) => {
    const result = compute()
    expect(result.shape).toEqual(shape)
    await expectClose(result, expected)
  })

  test('chunk() and split() give several tensors', async () => {
    const shapes = (parts: readonly Tensor[]) => parts.map(({ shape }) => shape)
    expect(shapes(x.chunk(2, 1))).toEqual([
      [2, 2],
      [2, 1],
    ])
    expect(shapes(x.split(1))).toEqual([
      [1, 3],
      [1, 3],
    ])
    expect(shapes(x.split([1, 2], 1))).toEqual([
      [2, 1],
      [2, 2],
    ])
    await expectClose(x.split([1, 2], 1)[1] ?? x, [-2, 3, 5, -6])
  })

  test('size() gives one size', () => {
    expect([x.size(0), x.size(-1)]).toEqual([2, 3])
    expect(() => x.size(2)).toThrow(
      new RangeError('Cannot read a size: expected a dimension in [-2, 2), got 2'),
    )
  })
})

async function expectClose(tensor: Tensor, expected: readonly number[]): Promise<void> {
  const values: number[] = []
  for (const value of await tensor.data()) values.push(Number(value))
  expect(values.length).toBe(expected.length)
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5)
}
