import { expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { mean } from './mean.ts'
import { variance } from './var.ts'

const ALL = { dim: null, keepdim: false }

test('aten.var is unbiased where no correction is given', async () => {
  expect(await evaluate(variance, [tensor([1, 3])], { ...ALL, correction: null })).toEqual([2])
})

test('aten.var is NaN or infinite where the correction leaves nothing, as in PyTorch', async () => {
  expect(await evaluate(variance, [tensor([1])], { ...ALL, correction: 1 })).toEqual([Number.NaN])
  expect(await evaluate(variance, [tensor([1, 2])], { ...ALL, correction: 3 })).toEqual([Infinity])
})

test('aten.var keeps its digits far from 0', async () => {
  expect(await evaluate(variance, [tensor([4096, 4097, 4098])], { ...ALL, correction: 1 })).toEqual([1])
})

test('aten.mean rejects integers', () => {
  expect(() => mean.infer([typed([2], 'int64')], ALL)).toThrow(
    new TypeError('Cannot record "aten.mean": expected a floating dtype for input 0, got int64'),
  )
})
