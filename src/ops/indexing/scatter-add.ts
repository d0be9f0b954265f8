import { type Dims, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { reshapeNode } from '../shape/reshape.ts'

/** Rows that are added to positions of one dimension of a larger tensor. */
export interface RowAddition {
  readonly rows: string
  /** [...before, ...positions, ...after]. */
  readonly rowsShape: Dims
  readonly positions: string
  readonly positionsShape: Dims
  /** Shape of the sums: [...before, size, ...after]. */
  readonly size: Dims
  readonly axis: number
}

/**
 * Writes zeros of a shape with rows added to positions of a dimension. By ScatterElements: ONNX Runtime's ScatterND adds from
 * several threads without a lock, and loses what is added twice to one position.
 */
export function addRows(
  e: Emitter,
  { rows, rowsShape, positions, positionsShape, size, axis }: RowAddition,
): string {
  const count = sizeOfDims(positionsShape)
  const flat = size.with(axis, count)
  const column = size.map((_, i) => (i === axis ? count : 1))
  const updates = reshapeNode(e, rows, rowsShape, flat)
  const index = e.op('Expand', [reshapeNode(e, positions, positionsShape, column), e.shape(flat)])
  return addElements(e, index, updates, size, axis)
}

/** Writes zeros of a shape with elements added to the positions that stand in `index` for each, along a dimension. */
export function addElements(e: Emitter, index: string, updates: string, size: Dims, axis: number): string {
  const zeros = e.op('Expand', [e.scalar(0), e.shape(size)])
  return e.op('ScatterElements', [zeros, index, updates], { axis, reduction: 'add' })
}
