import type { Shape } from './shape.ts'
import { ShapeError } from './shape-error.ts'

/**
 * The shape of an element-wise operation on two arrays: dimensions are aligned at the right, and a size of 1 (or a missing
 * dimension) stretches to the other's size.
 *
 * @throws ShapeError when two sizes differ and neither is 1
 * @example
 * broadcastShapes([4, 1, 3], [2, 1]) // => [4, 2, 3]
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1
    const right = b[index - rank + b.length] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    throw new ShapeError(
      `Cannot broadcast "[${a.join(', ')}]" with "[${b.join(', ')}]": expected equal sizes or 1, ` +
        `got ${left} and ${right} (dimension ${index - rank})`,
      [a, b],
    )
  })
}
