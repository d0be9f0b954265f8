import type { Dim } from '../ir/dim.ts'
import type { Emitter } from '../ir/emitter.ts'
import type { DType } from '../tensor/dtype.ts'

/** Writes a size as a rank-0 value; a symbolic one is computed when the model runs. */
export function sizeNode(e: Emitter, size: Dim, dtype: DType = 'int64'): string {
  if (typeof size === 'number') return e.scalar(size, dtype)
  const computed = e.op('Squeeze', [e.shape([size])])
  return dtype === 'int64' ? computed : e.cast(computed, dtype)
}
