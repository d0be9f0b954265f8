import { type Dims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { reshape } from '../convolution/onnx-layout.ts'

/** Elements [start, end) of one dimension that a window sums up, each times `weight`. */
export interface Window {
  readonly start: number
  readonly end: number
  readonly weight: number
}

/** The windows of one dimension of `size` elements. */
export interface AxisWindows {
  readonly size: number
  readonly windows: readonly Window[]
}

/**
 * Writes weighted sums over the windows of each spatial dimension of [N, C, ...], or, `transposed`, their adjoint. They are products with
 * one constant matrix for each dimension, which is faster than it sounds: windows overlap, hang over and differ in size at no cost.
 */
export function axisProducts(
  e: Emitter,
  x: string,
  axes: readonly AxisWindows[],
  transposed: boolean,
): string {
  const sizes = axes.map(({ size, windows }) => (transposed ? windows.length : size))
  let value = x
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const { size, windows } = axes[axis] ?? { size: 1, windows: [] }
    const inner = sizeOf(sizes.slice(axis + 1))
    const matrix = matrixOf(size, windows, transposed)
    const result = transposed ? size : windows.length
    const rows = reshape(e, value, [-1, sizes[axis] ?? 1, inner])
    value = e.op('MatMul', [e.constant(fromValues('float32', [result, sizes[axis] ?? 1], matrix)), rows])
    sizes[axis] = result
  }
  return value
}

/** Row-major [windows, size], or transposed. */
function matrixOf(size: number, windows: readonly Window[], transposed: boolean): Float32Array {
  const matrix = new Float32Array(size * windows.length)
  windows.forEach(({ start, end, weight }, row) => {
    for (let i = Math.max(start, 0); i < Math.min(end, size); i++) {
      matrix[transposed ? i * windows.length + row : row * size + i] = weight
    }
  })
  return matrix
}

/**
 * Spatial sizes that have to be known for products.
 * @throws RangeError when one is symbolic
 */
export function knownSizes(op: string, shape: Dims): readonly number[] {
  const sizes = shape.slice(2)
  if (isConcrete(sizes)) return sizes
  throw new RangeError(
    `Cannot lower "${op}": expected known sizes but for the batch, got [${sizes.join(', ')}]`,
  )
}
