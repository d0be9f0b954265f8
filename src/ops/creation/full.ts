import type { Dims } from '../../ir/dim.ts'
import { isConcrete } from '../../ir/dim.ts'
import type { Operation } from '../../ir/operation.ts'
import { type DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { defineOp } from '../define-op.ts'

type FullAttributes = { readonly size: Dims; readonly fillValue: number; readonly dtype: DType }

/** A tensor with one value everywhere. */
export const full: Operation<FullAttributes> = defineOp({
  name: 'aten.full',
  infer: (_, { size, dtype }) => [{ shape: size, dtype }],
  gradient: 'none',
  lower(e, { attrs: { size, fillValue, dtype } }) {
    const value = e.scalar(fillValue, dtype)
    if (size.length === 0) return [value]
    if (isConcrete(size) && sizeOf(size) === 1) return [e.constant(fromValues(dtype, size, [fillValue]))]
    return [e.op('Expand', [value, e.shape(size)])]
  },
})
