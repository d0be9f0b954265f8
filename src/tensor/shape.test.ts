import { describe, expect, it } from 'vitest'
import { sizeOf, stridesOf } from './shape.ts'

describe('sizeOf()', () => {
  it('sizeOf() is 1 for a scalar and 0 when a dimension is empty', () => {
    expect([sizeOf([]), sizeOf([2, 3, 4]), sizeOf([2, 0])]).toEqual([1, 24, 0])
  })
})

describe('stridesOf()', () => {
  it('stridesOf() counts the elements to step over, innermost last', () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1])
    expect(stridesOf([])).toEqual([])
  })
})
