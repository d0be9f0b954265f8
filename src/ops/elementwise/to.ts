import { emit } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { type DType, dtypeInfo, isFloating } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/**
 * A cast. Floats become integers toward 0 and true where they are not 0; the gradient is cast back.
 * Sub-byte dtypes are storage, not something to compute in.
 */
export const to: Operation<{ readonly dtype: DType }> = defineOp({
  name: 'aten.to',
  infer: (inputs, { dtype }) => [inferCast(inputs, dtype)],
  gradient: ({ inputs: [x], gradients: [g] }) => [
    g && x && isFloating(x.dtype) ? (g.dtype === x.dtype ? g : emit(to, [g], { dtype: x.dtype })) : null,
  ],
  lower(e, { inputs: [x], attrs: { dtype } }) {
    const source = e.inputs[0] ?? ''
    // Floats travel as float32, and results of a narrower dtype are rounded to it after any operation.
    if (x && (x.dtype === dtype || (isFloating(x.dtype) && isFloating(dtype)))) return [source]
    return [e.cast(source, isFloating(dtype) ? 'float32' : dtype)]
  },
  mil: (e, { attrs: { dtype } }) => [e.cast(e.input(0), dtype)],
})

function inferCast(inputs: readonly (TensorType | null)[], dtype: DType): TensorType {
  const { shape } = inputAt('aten.to', inputs, 0)
  if (dtypeInfo(dtype).bits < 8) {
    throw new TypeError(`Cannot record "aten.to": expected a dtype of at least 8 bits, got ${dtype}`)
  }
  return { shape, dtype }
}
