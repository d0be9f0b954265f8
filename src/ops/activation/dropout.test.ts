import { expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { n, typed } from '../../../test/symbolic-inference.ts'
import { dropout, featureDropout } from './dropout.ts'

const COUNT = 2 ** 16
const seed = (value: number) => tensor([value], [], 'int64')
const ones = (...shape: number[]) => tensor(new Array(shape.reduce((a, b) => a * b)).fill(1), shape)

test.each([0.1, 0.5, 0.9])('aten.dropout drops the share %d and scales the rest up', async (p) => {
  const y = await evaluate(dropout, [ones(COUNT), seed(3)], { p, train: true })
  const scale = Math.fround(1 / (1 - p))
  expect(new Set(y)).toEqual(new Set([0, scale]))
  const dropped = y.filter((value) => value === 0).length
  const deviation = Math.sqrt(COUNT * p * (1 - p))
  expect(Math.abs(dropped - COUNT * p) / deviation).toBeLessThan(4)
})

test('aten.dropout drops the same elements for the same seed, and others for another', async () => {
  const attrs = { p: 0.5, train: true }
  const first = await evaluate(dropout, [ones(1000), seed(1)], attrs)
  expect(await evaluate(dropout, [ones(1000), seed(1)], attrs)).toEqual(first)
  const second = await evaluate(dropout, [ones(1000), seed(2)], attrs)
  const same = second.filter((value, i) => value === first[i]).length
  expect(Math.abs(same - 500)).toBeLessThan(4 * Math.sqrt(250))
})

test('aten.dropout lets the gradient through where it let the value through', async () => {
  const x = ones(1000)
  const attrs = { p: 0.25, train: true }
  const y = await evaluate(dropout, [x, seed(9)], attrs)
  const [gradient] = await gradientsOf(dropout, [x, seed(9)], attrs)
  expect(gradient).toEqual(y)
})

test('aten.feature_dropout drops whole channels', async () => {
  const y = await evaluate(featureDropout, [ones(32, 32, 2, 3), seed(5)], { p: 0.5, train: true })
  const channels = Array.from({ length: 1024 }, (_, i) => new Set(y.slice(6 * i, 6 * i + 6)))
  expect(channels.every(({ size }) => size === 1)).toBe(true)
  const dropped = channels.filter((values) => values.has(0)).length
  expect(Math.abs(dropped - 512)).toBeLessThan(4 * Math.sqrt(256))
})

test('aten.dropout in training needs a seed', () => {
  expect(() => dropout.infer([typed([2])], { p: 0.5, train: true })).toThrow(
    new TypeError('Cannot record "aten.dropout": expected a tensor as input 1, got none'),
  )
  expect(() => dropout.infer([typed([n]), typed([1], 'int64')], { p: 0.5, train: true })).toThrow(
    new TypeError('Cannot record "aten.dropout": expected an int64 scalar as seed, got int64 [1]'),
  )
})

test('aten.dropout needs no seed where nothing is random', async () => {
  expect(await evaluate(dropout, [ones(2)], { p: 0.5, train: false })).toEqual([1, 1])
  expect(await evaluate(dropout, [ones(2)], { p: 1, train: true })).toEqual([0, 0])
})

test('aten.dropout rejects a probability outside [0, 1]', () => {
  expect(() => dropout.infer([typed([2])], { p: 1.5, train: true })).toThrow(
    new RangeError('Cannot record "aten.dropout": expected p in [0, 1], got 1.5'),
  )
})

test('aten.feature_dropout rejects what has no channels', () => {
  expect(() => featureDropout.infer([typed([n])], { p: 0, train: true })).toThrow(
    'Cannot record "aten.feature_dropout": expected at least [N, C], got float32 [n]',
  )
})
