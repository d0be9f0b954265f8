import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
}

function variance(values: ArrayLike<number>): number {
  const center = mean(values)
  return mean(Array.from(values, (value) => (value - center) ** 2))
}

function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('Random', () => {
  it('Random gives the same numbers for the same seed, today and later', () => {
    const random = new Random(0)
    expect(Array.from(random.integers(0, 1000, 5))).toEqual([229, 299, 673, 249, 773])
    expect(Array.from(random.uniform(2))).toEqual([0.832656979560852, 0.9222319722175598])
    expect(Array.from(random.permutation(5))).toEqual([4, 1, 2, 3, 0])
    expect(mean(random.normal(4))).toBeCloseTo(-0.4728765, 6)
  })

  it('Random separates seeds that differ in one bit, low or high', () => {
    const firsts = [0, 1, 2, 2 ** 32, 2 ** 33, 2 ** 52].map(
      (seed) => new Random(seed).integers(0, 2 ** 31, 1)[0],
    )
    expect(new Set(firsts).size).toBe(6)
  })

  it('Random rejects a seed that is no whole number', () => {
    expect(() => new Random(-1)).toThrow(
      new RangeError('Cannot make a generator from "seed": expected an integer from 0 to 2^53 - 1, got -1'),
    )
  })
})

describe('Random.uniform()', () => {
  it('Random.uniform() has the mean and variance of the interval and stays inside', () => {
    const values = new Random(1).uniform(100_000, -1, 3)
    expect(mean(values)).toBeCloseTo(1, 1.5)
    expect(variance(values)).toBeCloseTo(16 / 12, 1.5)
    expect(values.every((value) => value >= -1 && value < 3)).toBe(true)
  })

  it('Random.uniform() fills a shape', () => {
    expect(new Random(1).uniform([2, 3]).length).toBe(6)
  })

  it('Random.uniform() spreads evenly over 100 bins (chi-square, 99 degrees, 0.1% level)', () => {
    const counts = new Array<number>(100).fill(0)
    for (const value of new Random(2).uniform(100_000)) {
      const bin = Math.floor(value * 100)
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    expect(chiSquare(counts, 1000)).toBeLessThan(148.2)
    expect(chiSquare(counts, 1000)).toBeGreaterThan(60)
  })
})

describe('Random.normal()', () => {
  it('Random.normal() has mean, variance, skewness and kurtosis of a normal distribution', () => {
    const values = new Random(3).normal(100_000, 2, 3)
    const standard = Array.from(values, (value) => (value - 2) / 3)
    expect(Math.abs(mean(standard))).toBeLessThan(0.015)
    expect(Math.abs(variance(standard) - 1)).toBeLessThan(0.02)
    expect(Math.abs(mean(standard.map((z) => z ** 3)))).toBeLessThan(0.05)
    expect(Math.abs(mean(standard.map((z) => z ** 4)) - 3)).toBeLessThan(0.12)
  })

  it('Random.normal() gives neighbours that do not correlate', () => {
    const values = new Random(4).normal(100_000)
    const products = Array.from(values.subarray(1), (value, i) => value * (values[i] ?? 0))
    expect(Math.abs(mean(products))).toBeLessThan(0.015)
  })
})

describe('Random.integers()', () => {
  it('Random.integers() reaches both ends and nothing beyond', () => {
    const values = new Random(5).integers(-2, 3, 1000)
    expect(Array.from(new Set(values)).sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2])
  })

  it('Random.integers() rejects an empty interval', () => {
    expect(() => new Random(0).integers(3, 3, 1)).toThrow(
      new RangeError('Cannot draw "integers": expected -2^31 <= low < high <= 2^31, got [3, 3)'),
    )
  })
})

describe('Random.permutation()', () => {
  it('Random.permutation() holds every index once', () => {
    const order = new Random(6).permutation(500)
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  it('Random.permutation() gives all orders of three equally often (chi-square, 5 degrees, 0.1% level)', () => {
    const random = new Random(7)
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const key = random.permutation(3).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    expect(chiSquare(Array.from(counts.values()), 1000)).toBeLessThan(20.5)
  })
})

describe('Random.fork()', () => {
  it('Random.fork() gives a stream of its own that leaves the first alone', () => {
    const [one, two] = [new Random(8), new Random(8)]
    const child = one.fork()
    child.uniform(100)
    two.fork()
    expect(one.uniform(4)).toEqual(two.uniform(4))
    expect(new Random(8).fork().uniform(4)).not.toEqual(new Random(8).uniform(4))
  })
})
