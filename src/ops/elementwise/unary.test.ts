import { expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { neg } from './neg.ts'
import { ceil } from './rounding.ts'
import { sqrt } from './sqrt.ts'

test('inferFloating() makes the result of integers float32', async () => {
  expect(sqrt.infer([typed([2], 'int64')], {})).toEqual([typed([2])])
  expect(await evaluate(sqrt, [tensor([4, 9], [2], 'int64')], {})).toEqual([2, 3])
})

test('inferFloating() keeps a narrow float', () => {
  expect(sqrt.infer([typed([2], 'float16')], {})).toEqual([typed([2], 'float16')])
})

test('inferNumeric() rejects bools', () => {
  expect(() => neg.infer([typed([2], 'bool')], {})).toThrow(
    new TypeError('Cannot record "aten.neg": expected numbers, got bool [2]'),
  )
})

test('aten.ceil keeps integers as they are', async () => {
  expect(await evaluate(ceil, [tensor([-3, 4], [2], 'int64')], {})).toEqual([-3, 4])
})
