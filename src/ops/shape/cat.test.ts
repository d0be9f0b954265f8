import { expect, test } from 'vitest'
import { evaluate, gradientsOf, numbers, tensor } from '../../../test/evaluate.ts'
import { record, recordAll } from '../../engine/tensor.ts'
import { mul } from '../elementwise/mul.ts'
import { cat, splitWithSizes } from './cat.ts'

test('aten.cat joins in the common dtype and sends each gradient back in its own', async () => {
  const half = tensor([1, 2], [2], 'float16')
  const single = tensor([3, 4])
  const whole = tensor([5], [1], 'int64')
  half.requiresGrad = true
  single.requiresGrad = true
  const joined = record(cat, [half, single, whole], { dim: 0 })
  joined.backward(tensor([10, 20, 30, 40, 50]))
  expect(joined.dtype).toBe('float32')
  expect(await numbers(joined)).toEqual([1, 2, 3, 4, 5])
  expect([half.grad?.dtype, single.grad?.dtype]).toEqual(['float16', 'float32'])
  if (half.grad && single.grad) {
    expect([await numbers(half.grad), await numbers(single.grad)]).toEqual([
      [10, 20],
      [30, 40],
    ])
  }
})

test('aten.cat adds up the gradients of a tensor that stands twice', async () => {
  const x = tensor([1, 2])
  x.requiresGrad = true
  record(cat, [x, x], { dim: 0 }).backward(tensor([1, 2, 10, 20]))
  expect(x.grad && (await numbers(x.grad))).toEqual([11, 22])
})

test('aten.cat skips vectors without elements', async () => {
  const none = tensor([], [0])
  const x = tensor([1, 2], [1, 2])
  expect(record(cat, [none, x, x], { dim: 1 }).shape).toEqual([1, 4])
  expect(await evaluate(cat, [none, x, x], { dim: 1 })).toEqual([1, 2, 1, 2])
  expect(await evaluate(cat, [none, none], { dim: 0 })).toEqual([])
  const [ofNone, ofX] = await gradientsOf(cat, [tensor([], [0]), x], { dim: 1 }, [5, 6])
  expect([ofNone, ofX]).toEqual([[], [5, 6]])
})

test('aten.split_with_sizes takes pieces without a gradient for zeros', async () => {
  const x = tensor([1, 2, 3])
  x.requiresGrad = true
  const [, last] = recordAll(splitWithSizes, [x], { splitSizes: [1, 2], dim: 0 })
  if (last) record(mul, [last, last], {}).backward(tensor([1, 1]))
  expect(x.grad && (await numbers(x.grad))).toEqual([0, 4, 6])
})
