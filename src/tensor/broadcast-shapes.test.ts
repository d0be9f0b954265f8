import { describe, expect, it } from 'vitest'
import { broadcastShapes } from './broadcast-shapes.ts'
import { ShapeError } from './shape-error.ts'

describe('broadcastShapes()', () => {
  it.each([
    [[], [], []],
    [[3], [], [3]],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[1], [0], [0]],
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  ])('broadcastShapes() of %j and %j is %j', (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected)
    expect(broadcastShapes(b, a)).toEqual(expected)
  })

  it('broadcastShapes() rejects sizes that differ', () => {
    expect(() => broadcastShapes([4, 2, 3], [5, 3])).toThrow(
      new ShapeError(
        'Cannot broadcast "[4, 2, 3]" with "[5, 3]": expected equal sizes or 1, got 2 and 5 (dimension -2)',
        [
          [4, 2, 3],
          [5, 3],
        ],
      ),
    )
  })
})
