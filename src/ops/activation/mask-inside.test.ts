import { expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { maskInside } from './mask-inside.ts'
import { maskPositive } from './mask-positive.ts'

const G = [1, 2, 3, 4, 5]
const Y = [-2, -1, 0, 1, 2]

test('lowbit.mask_inside keeps what lies strictly between the bounds', async () => {
  expect(await evaluate(maskInside, [tensor(G), tensor(Y)], { min: -1, max: 1 })).toEqual([0, 0, 3, 0, 0])
})

test('lowbit.mask_inside has open ends', async () => {
  expect(await evaluate(maskInside, [tensor(G), tensor(Y)], { min: -1, max: null })).toEqual([0, 0, 3, 4, 5])
  expect(await evaluate(maskInside, [tensor(G), tensor(Y)], { min: null, max: 1 })).toEqual([1, 2, 3, 0, 0])
  expect(await evaluate(maskInside, [tensor(G), tensor(Y)], { min: null, max: null })).toEqual(G)
})

test('lowbit.mask_inside and lowbit.mask_positive mask the gradient of their first input', async () => {
  const [inside] = await gradientsOf(maskInside, [tensor(G), tensor(Y)], { min: -1, max: 2 }, [9, 8, 7, 6, 5])
  expect(inside).toEqual([0, 0, 7, 6, 0])
  const [positive] = await gradientsOf(maskPositive, [tensor(G), tensor(Y)], {}, [9, 8, 7, 6, 5])
  expect(positive).toEqual([0, 0, 0, 6, 5])
})
