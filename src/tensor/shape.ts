/** Sizes of a tensor's dimensions, outermost first; `[]` is a scalar. */
export type Shape = readonly number[]

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1
  for (const dim of shape) size *= dim
  return size
}

/**
 * Elements to step over in a dense row-major array to get to the next index of each dimension.
 *
 * @example
 * stridesOf([2, 3, 4]) // => [12, 4, 1]
 */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = []
  let stride = 1
  for (const dim of shape.toReversed()) {
    strides.push(stride)
    stride *= dim
  }
  return strides.reverse()
}
