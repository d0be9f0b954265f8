import type { Emitter } from '../../ir/emitter.ts'

/** Writes a change of shape; -1 is worked out, 0 keeps a size. */
export function reshape(e: Emitter, value: string, shape: readonly number[]): string {
  return e.op('Reshape', [value, e.ints(shape)])
}

/** Writes a permutation of the dimensions. */
export function transpose(e: Emitter, value: string, perm: readonly number[]): string {
  return e.op('Transpose', [value], { perm })
}

/** Writes a permutation that swaps the first two dimensions. */
export function swapFirstTwo(e: Emitter, value: string, rank: number): string {
  return transpose(e, value, [1, 0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2)])
}

/**
 * Writes zeros around the dimensions of a value from `axis` on; negative numbers crop, and nothing is written for none. The node names no
 * axes: ONNX Runtime moves transposes through a Pad as if it had none.
 */
export function padFrom(
  e: Emitter,
  value: string,
  axis: number,
  padding: readonly (readonly [number, number])[],
  after = 0,
): string {
  if (padding.every(([before, end]) => before === 0 && end === 0)) return value
  const around = (side: readonly number[]) => [
    ...new Array<number>(axis).fill(0),
    ...side,
    ...new Array<number>(after).fill(0),
  ]
  const pads = [...around(padding.map(([before]) => before)), ...around(padding.map(([, end]) => end))]
  return e.op('Pad', [value, e.ints(pads)])
}

/** Writes zeros around the spatial dimensions of [N, C, ...]; negative numbers crop. */
export function padSpatial(
  e: Emitter,
  value: string,
  padding: readonly (readonly [number, number])[],
): string {
  return padFrom(e, value, 2, padding)
}

/** Writes the product of two matrices, transposing as part of it. */
export function matrixProduct(e: Emitter, a: string, b: string, transA = 0, transB = 0): string {
  return e.op('Gemm', [a, b], { transA, transB })
}
