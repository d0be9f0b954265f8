import { expect, test } from 'vitest'
import { evaluate, numbers, tensor } from '../../../test/evaluate.ts'
import { runLowered } from '../../../test/run-lowered.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { record } from '../../engine/tensor.ts'
import { collectNodes } from '../../ir/graph.ts'
import { emit, Value } from '../../ir/node.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { uniformLike } from './uniform-like.ts'

const COUNT = 2 ** 16
const SEEDS = [0, 1, 2, 3, 4, 5, 6, 7, -1, 2 ** 32, 2 ** 40, 2 ** 53 - 1]

/** Uniform values of many seeds, drawn once. */
const drawn = Promise.all(SEEDS.map((value) => draw(value, [COUNT])))

function draw(value: number, shape: readonly number[]): Promise<number[]> {
  const like = tensor(new Array(shape.reduce((a, b) => a * b, 1)).fill(0), shape)
  return evaluate(uniformLike, [like, tensor([value], [], 'int64')], {})
}

/** How many standard deviations the mean product of centred values is away from 0, where independent values have it. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const products = a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] ?? 0.5) - 0.5), 0)
  return (12 * products) / Math.sqrt(a.length)
}

/** Pearson's statistic of counts that should be equal, as standard deviations from its mean. */
function unevenness(counts: readonly number[], total: number): number {
  const expected = total / counts.length
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  return (statistic - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1))
}

function histogram(values: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0)
  for (const value of values) counts[Math.floor(value * bins)] = (counts[Math.floor(value * bins)] ?? 0) + 1
  return counts
}

test('lowbit.uniform_like gives the reference values of its hash', async () => {
  // Worked out with 64- and 32-bit integers in NumPy.
  const expected = [0.28033394, 0.77088946, 0.96155006]
  expect(await draw(0, [3])).toEqual(expected.map((value) => expect.closeTo(value, 7)))
  expect(await draw(-5, [3])).toEqual(
    [0.34589875, 0.8011781, 0.74110454].map((value) => expect.closeTo(value, 7)),
  )
})

test('lowbit.uniform_like stays in [0, 1) with mean 1/2 and variance 1/12', async () => {
  for (const values of await drawn) {
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
    const mean = values.reduce((sum, value) => sum + value) / COUNT
    const variance = values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / COUNT
    expect(Math.abs(mean - 0.5) * Math.sqrt(12 * COUNT)).toBeLessThan(4.5)
    expect(Math.abs(variance - 1 / 12) * Math.sqrt(180 * COUNT)).toBeLessThan(4.5)
  }
})

test('lowbit.uniform_like fills the interval evenly, in its last bits and in pairs of neighbours too', async () => {
  for (const values of await drawn) {
    expect(Math.abs(unevenness(histogram(values, 256), COUNT))).toBeLessThan(5)
    const lastBits = values.map((value) => (value * 2 ** 16) % 1)
    expect(Math.abs(unevenness(histogram(lastBits, 256), COUNT))).toBeLessThan(5)
    const pairs = values.slice(1).map((value, i) => (Math.floor((values[i] ?? 0) * 32) + value) / 32)
    expect(Math.abs(unevenness(histogram(pairs, 1024), COUNT - 1))).toBeLessThan(5)
  }
})

test('lowbit.uniform_like has no correlation between places', async () => {
  for (const values of await drawn) {
    for (const lag of [1, 2, 3, 4, 7, 8, 16, 28, 64, 256, 1000, 4096]) {
      expect(Math.abs(correlation(values.slice(lag), values)), `lag ${lag}`).toBeLessThan(5)
    }
  }
})

test('lowbit.uniform_like has no correlation between seeds', async () => {
  const sets = await drawn
  sets.forEach((a, i) => {
    sets.slice(0, i).forEach((b, j) => {
      expect(Math.abs(correlation(a, b)), `seeds ${SEEDS[i]} and ${SEEDS[j]}`).toBeLessThan(5)
      expect(Math.abs(correlation(a.slice(1), b)), `seeds ${SEEDS[i]} and ${SEEDS[j]}, shifted`).toBeLessThan(
        5,
      )
    })
  })
})

test('lowbit.uniform_like numbers places in row-major order, whatever the shape', async () => {
  expect(await draw(4, [6, 5])).toEqual(await draw(4, [30]))
})

test('lowbit.uniform_like draws float32 whatever the dtype of its first input', async () => {
  const like = tensor([1, 2], [2], 'int64')
  const values = record(uniformLike, [like, tensor([7], [], 'int64')], {})
  expect(values.dtype).toBe('float32')
  expect(await numbers(values)).toEqual(await draw(7, [2]))
})

test('lowbit.uniform_like works with symbolic sizes', async () => {
  const types = [typed([n, 2, s]), typed([], 'int64')]
  expectSymbolicInference(uniformLike, types, {})
  const [x, seed] = types.map((type) => new Value(type))
  if (!x || !seed) throw new TypeError('expected two inputs')
  const value = emit(uniformLike, [x, seed], {})
  const inputs = [
    { value: x, name: 'x' },
    { value: seed, name: 'seed' },
  ]
  const [result] = await runLowered(
    { inputs, nodes: collectNodes([value]), outputs: [{ value, name: 'y' }] },
    { x: fromValues('float32', [2, 2, 3], new Array(12).fill(0)), seed: fromValues('int64', [], [5]) },
  )
  expect(result?.y?.shape).toEqual([2, 2, 3])
  expect(result?.y?.values).toEqual(await draw(5, [12]))
})

test('lowbit.uniform_like rejects a seed that is no int64 scalar', () => {
  expect(() => uniformLike.infer([typed([2]), typed([])], {})).toThrow(
    new TypeError('Cannot record "lowbit.uniform_like": expected an int64 scalar as seed, got float32 []'),
  )
})
