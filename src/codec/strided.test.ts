import { describe, expect, it } from 'vitest'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import { reachOf, readStrided } from './strided.ts'

const bytes = new Uint8Array(Int16Array.from({ length: 12 }, (_, i) => i).buffer)

describe('readStrided()', () => {
  it.each([
    ['rows', [3, 4], [4, 1], 0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['columns', [4, 3], [1, 4], 0, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
    ['a part', [2, 2], [4, 1], 6, [6, 7, 10, 11]],
    ['a row of a part', [2], [1], 6, [6, 7]],
    ['one element again and again', [2, 2], [0, 0], 5, [5, 5, 5, 5]],
    ['a scalar', [], [], 11, [11]],
    ['nothing', [0, 3], [3, 1], 0, []],
    ['a dimension of one, whatever its stride', [1, 3], [99, 1], 1, [1, 2, 3]],
  ])('readStrided() reads %s', (_, shape, strides, offset, expected) => {
    const array = readStrided(bytes, { dtype: 'int16', shape, strides, offset })
    expect(array.shape).toEqual(shape)
    expect([...toTypedArray(array)]).toEqual(expected)
  })

  it('reachOf() counts up to the last element that is read', () => {
    expect(reachOf({ dtype: 'int16', shape: [4, 3], strides: [1, 4], offset: 0 })).toBe(12)
    expect(reachOf({ dtype: 'int16', shape: [2, 2], strides: [4, 1], offset: 6 })).toBe(12)
    expect(reachOf({ dtype: 'int16', shape: [0, 2], strides: [4, 1], offset: 6 })).toBe(0)
  })
})
