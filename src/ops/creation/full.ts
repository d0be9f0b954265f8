import { type Dims, formatDims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Operation } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { defineOp } from '../define-op.ts'

type FullAttributes = { readonly size: Dims; readonly fillValue: number; readonly dtype: DType }

/** A tensor with one value everywhere. */
export const full: Operation<FullAttributes> = defineOp({
  name: 'aten.full',
  infer: (_, { size, dtype }) => [{ shape: size, dtype }],
  gradient: 'none',
  lower: (e, { attrs: { size, fillValue, dtype } }) => [filledNode(e, size, fillValue, dtype)],
  mil: (e, { attrs: { size, fillValue, dtype } }) => [milFilled(e, size, fillValue, dtype)],
})

/** Writes a tensor with one value everywhere. */
export function filledNode(e: Emitter, size: Dims, value: number, dtype: DType): string {
  const scalar = e.scalar(value, dtype)
  return size.length === 0 ? scalar : e.op('Expand', [scalar, e.shape(size)])
}

/** Writes a constant of one value in an ML program. */
export function milFilled(e: MilEmitter, size: Dims, value: number, dtype: DType): MilValue {
  if (!isConcrete(size)) return e.refuse('known sizes', formatDims(size))
  return e.constant(fromValues(dtype, size, new Array<number>(sizeOf(size)).fill(value)))
}
