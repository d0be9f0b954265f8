import { expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { clamp } from './clamp.ts'

test('aten.clamp gives max everywhere, and no gradient, when min is above it', async () => {
  const bounds = { min: 1, max: -1 }
  expect(await evaluate(clamp, [tensor([-2, 0, 2])], bounds)).toEqual([-1, -1, -1])
  expect(await gradientsOf(clamp, [tensor([-2, 0, 2])], bounds)).toEqual([[0, 0, 0]])
})

test('aten.clamp limits integers, and makes them float32 for a fractional bound', async () => {
  const x = tensor([-2, 0, 2], [3], 'int64')
  expect(await evaluate(clamp, [x], { min: -1, max: null })).toEqual([-1, 0, 2])
  expect(await evaluate(clamp, [x], { min: null, max: 0.5 })).toEqual([-2, 0, 0.5])
})

test('aten.clamp rejects a call without bounds', () => {
  expect(() => clamp.infer([typed([2])], { min: null, max: null })).toThrow(
    new TypeError('Cannot record "aten.clamp": expected min or max, got neither'),
  )
})
