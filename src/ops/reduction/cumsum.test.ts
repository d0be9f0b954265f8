import { expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { cumsum, reversedCumsum } from './cumsum.ts'

test('lowbit.reversed_cumsum adds up from the end', async () => {
  const x = tensor([1, 2, 3, 10, 20, 30], [2, 3])
  expect(await evaluate(reversedCumsum, [x], { dim: -1 })).toEqual([6, 5, 3, 60, 50, 30])
})

test('lowbit.reversed_cumsum has cumsum as its gradient', async () => {
  expect(await gradientsOf(reversedCumsum, [tensor([5, 5, 5])], { dim: 0 }, [1, 2, 3])).toEqual([[1, 3, 6]])
})

test('aten.cumsum of bools counts in int64', async () => {
  expect(await evaluate(cumsum, [tensor([1, 0, 1], [3], 'bool')], { dim: 0 })).toEqual([1, 1, 2])
})

test('aten.cumsum of a scalar is the scalar', async () => {
  expect(await evaluate(cumsum, [tensor([4], [])], { dim: -1 })).toEqual([4])
})
