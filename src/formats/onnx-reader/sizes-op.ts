import type { Dims } from '../../ir/dim.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../../ops/define-op.ts'
import type { DType } from '../../tensor/dtype.ts'

/** `sizes` are the elements, `size` the shape that they have. */
type SizesAttributes = { readonly sizes: Dims; readonly size: Dims; readonly dtype: DType }

/** A tensor whose elements are sizes. */
export const sizesOp: Operation<SizesAttributes> = defineOp({
  name: 'lowbit.sizes',
  infer: (_, { size, dtype }) => [{ shape: size, dtype }],
  gradient: 'none',
  lower(e, { attrs: { sizes, size, dtype } }) {
    const list = e.shape(sizes)
    const shaped = size.length === 1 ? list : e.op('Reshape', [list, e.shape(size)])
    return [dtype === 'int64' ? shaped : e.cast(shaped, dtype)]
  },
})
