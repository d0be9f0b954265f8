import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { dropOf, formatDrop, readMaxDrop, readSize } from './budget.ts'

describe('readMaxDrop()', () => {
  it.each([
    ['1%', { amount: 0.01, isShare: true }],
    [' 0.5 % ', { amount: 0.005, isShare: true }],
    ['0', { amount: 0, isShare: false }],
    ['.02', { amount: 0.02, isShare: false }],
  ])('reads %j', (text, expected) => {
    expect(readMaxDrop(text)).toEqual(expected)
  })

  it.each(['', '%', '-1%', '1e3', 'one', '1%%'])('rejects %j', (text) => {
    expect(() => readMaxDrop(text)).toThrow(
      new InvalidArgumentError('expected a share of the float score, such as 1%, or a number, such as 0.01'),
    )
  })
})

describe('readSize()', () => {
  it.each([
    ['10MB', 10_000_000],
    ['1.5 kB', 1500],
    ['512KiB', 524_288],
    ['2000', 2000],
    ['3g', 3_000_000_000],
  ])('reads %j', (text, expected) => {
    expect(readSize(text)).toBe(expected)
  })

  it.each(['', '0', '-1', 'MB', '10 parsecs', '10__proto__'])('rejects %j', (text) => {
    expect(() => readSize(text)).toThrow(new InvalidArgumentError('expected a size, such as 10MB or 512KiB'))
  })
})

describe('dropOf()', () => {
  it('is a share of the float score for a budget in percent, and a difference for others', () => {
    expect(dropOf({ amount: 0.01, isShare: true }, 0.8, 0.6)).toBeCloseTo(0.25)
    expect(dropOf({ amount: 0.01, isShare: false }, 0.8, 0.6)).toBeCloseTo(0.2)
  })

  it('is positive for what is worse, also where scores are negative', () => {
    expect(dropOf({ amount: 0, isShare: true }, -2, -3)).toBe(0.5)
    expect(dropOf({ amount: 0, isShare: true }, -2, -1)).toBe(-0.5)
  })

  it('is 0 for the same score, and endless for less than nothing', () => {
    expect(dropOf({ amount: 0, isShare: true }, 0, 0)).toBe(0)
    expect(dropOf({ amount: 0, isShare: true }, 0, -1)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('formatDrop()', () => {
  it('is in the units of the budget', () => {
    expect(formatDrop({ amount: 0, isShare: true }, 0.0123)).toBe('1.23%')
    expect(formatDrop({ amount: 0, isShare: false }, 0.0123)).toBe('0.0123')
  })
})
