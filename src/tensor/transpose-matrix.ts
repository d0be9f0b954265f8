import { fromTypedArray } from './from-typed-array.ts'
import type { HostArray } from './host-array.ts'
import { toTypedArray } from './to-typed-array.ts'

/** Rows and columns that are worked on together, so that both stay in the cache. */
const TILE = 32

/** A matrix with its dimensions exchanged. */
export function transposeMatrix(array: HostArray): HostArray {
  const [rows = 0, columns = 0] = array.shape
  const source = toTypedArray(array)
  const target = source.slice()
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows)
    for (let j = 0; j < columns; j++)
      for (let i = top; i < bottom; i++) target[j * rows + i] = source[i * columns + j] ?? 0
  }
  return fromTypedArray(target, [columns, rows], array.dtype)
}
