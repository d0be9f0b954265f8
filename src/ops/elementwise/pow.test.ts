import { expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { pow } from './pow.ts'

// Values of this file are what PyTorch 2.15 gives.
test('aten.pow has a finite gradient at base 0 and exponent 0', async () => {
  const [base, exponent] = await gradientsOf(pow, [tensor([0, 0, 2]), tensor([0, 2, 0])], {})
  expect(base).toEqual([0, 0, 0])
  expect(exponent).toEqual([0, 0, Math.fround(Math.LN2)])
})

test('aten.pow of the number 0 has a gradient only below exponent 0', async () => {
  expect(await gradientsOf(pow, [tensor([0, 2, -1])], { self: 0 })).toEqual([[0, 0, -Infinity]])
})

test('aten.pow passes the gradient on at exponent 1', async () => {
  expect(await gradientsOf(pow, [tensor([0, -2])], { exponent: 1 })).toEqual([[1, 1]])
})

test.each([-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4])('aten.pow raises to the number %d', async (exponent) => {
  const base = [0.25, 1, 4]
  expect(await evaluate(pow, [tensor(base)], { exponent })).toEqual(base.map((x) => x ** exponent))
})

test('aten.pow keeps integers', async () => {
  expect(pow.infer([typed([2], 'int64')], { exponent: 2 })).toEqual([typed([2], 'int64')])
  expect(await evaluate(pow, [tensor([3, -2], [2], 'int64')], { exponent: 3 })).toEqual([27, -8])
})

test('aten.pow rejects a negative exponent of integers', () => {
  expect(() => pow.infer([typed([2], 'int64')], { exponent: -1 })).toThrow(
    new RangeError('Cannot record "aten.pow": expected an exponent of at least 0 for int64 [2], got -1'),
  )
})

test('aten.pow rejects three operands', () => {
  expect(() => pow.infer([typed([2]), typed([2])], { exponent: 2 })).toThrow(
    new TypeError('Cannot record "aten.pow": expected a base and an exponent, got three operands'),
  )
})
