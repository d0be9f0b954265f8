import { expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { eq, ge, lt, ne } from './comparison.ts'

test('aten.lt orders small integers and bools', async () => {
  expect(await evaluate(lt, [tensor([-3, 3], [2], 'int8'), tensor([0, 0], [2], 'int8')], {})).toEqual([1, 0])
  expect(await evaluate(lt, [tensor([0, 1], [2], 'bool'), tensor([1, 1], [2], 'bool')], {})).toEqual([1, 0])
})

test('aten.ge compares an integer tensor with a fraction as floats', async () => {
  expect(await evaluate(ge, [tensor([0, 1], [2], 'int64')], { other: 0.5 })).toEqual([0, 1])
})

test('aten.eq and aten.ne say that NaN differs from itself', async () => {
  const pair = [tensor([Number.NaN, 1]), tensor([Number.NaN, 1])]
  expect(await evaluate(eq, pair, {})).toEqual([0, 1])
  expect(await evaluate(ne, pair, {})).toEqual([1, 0])
})
