import { expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { logicalAnd, logicalNot } from './logic.ts'
import { where } from './where.ts'

test('aten.where promotes what it selects from', async () => {
  const condition = tensor([1, 0], [2], 'bool')
  const chosen = [condition, tensor([1, 2], [2], 'int64'), tensor([0.5, 0.5])]
  expect(where.infer([typed([2], 'bool'), typed([2], 'int64'), typed([2])], {})).toEqual([typed([2])])
  expect(await evaluate(where, chosen, {})).toEqual([1, 0.5])
})

test('aten.where rejects a condition of numbers', () => {
  expect(() => where.infer([typed([2]), typed([2]), typed([2])], {})).toThrow(
    new TypeError('Cannot record "aten.where": expected a bool condition, got float32 [2]'),
  )
})

test('aten.logical_and and aten.logical_not count numbers other than 0 as true', async () => {
  expect(await evaluate(logicalAnd, [tensor([0.5, 0]), tensor([2, 2], [2], 'int64')], {})).toEqual([1, 0])
  expect(await evaluate(logicalNot, [tensor([0.5, 0])], {})).toEqual([0, 1])
})
