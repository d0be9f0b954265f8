import { expect, test } from 'vitest'
import { evaluate, numbers, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { record } from '../../engine/tensor.ts'
import { div } from './div.ts'

// What PyTorch 2.15 gives for torch.div(a, b, rounding_mode=...).
const DIVIDENDS = [1, 5, 0, 3, -1, 1e30, -7]
const DIVISORS = [0.1, 0, 0, Number.POSITIVE_INFINITY, 0.1, 1e-5, 2]

test('aten.div takes the floor of the exact quotient, not of the rounded one', async () => {
  const floored = await evaluate(div, [tensor(DIVIDENDS), tensor(DIVISORS)], { roundingMode: 'floor' })
  expect(floored).toEqual([9, Infinity, NaN, 0, -10, Math.fround(1e35), -4])
  expect(await evaluate(div, [tensor([1, -1])], { roundingMode: 'floor', other: 0.1 })).toEqual([9, -10])
})

test('aten.div rounds toward 0 in mode trunc', async () => {
  const truncated = await evaluate(div, [tensor(DIVIDENDS), tensor(DIVISORS)], { roundingMode: 'trunc' })
  expect(truncated).toEqual([10, Infinity, NaN, 0, -10, Math.fround(1e35), -3])
})

test('aten.div rounds integers in both modes and keeps their dtype', async () => {
  const pair = [tensor([-7, 7, 7], [3], 'int64'), tensor([2, -2, 2], [3], 'int64')]
  expect(await evaluate(div, pair, { roundingMode: 'floor' })).toEqual([-4, -4, 3])
  expect(await evaluate(div, pair, { roundingMode: 'trunc' })).toEqual([-3, -3, 3])
})

test('aten.div makes integers float32 where it does not round', async () => {
  const quotient = record(div, [tensor([1, 3], [2], 'int64'), tensor([2], [1], 'int32')], {
    roundingMode: null,
  })
  expect(quotient.dtype).toBe('float32')
  expect(await numbers(quotient)).toEqual([0.5, 1.5])
})

test('aten.div rejects integers over the number 0', () => {
  expect(() => div.infer([typed([2], 'int64')], { roundingMode: 'floor', other: 0 })).toThrow(
    new RangeError('Cannot record "aten.div": expected a divisor other than 0 for int64, got 0'),
  )
})

test('aten.div rejects an unknown rounding mode', () => {
  const attrs = JSON.parse('{ "roundingMode": "ceil" }')
  expect(() => div.infer([typed([2]), typed([2])], attrs)).toThrow(
    new RangeError('Cannot record "aten.div": expected roundingMode null, "floor" or "trunc", got "ceil"'),
  )
})
