import type { Dims } from '../../ir/dim.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { defineComposite } from '../define-composite.ts'
import { valueAt } from '../inference.ts'
import { full } from './full.ts'

/** `dtype` is the input's when it is left out. */
type FilledAttributes = { readonly size?: Dims; readonly fillValue?: number; readonly dtype?: DType }

/** Zeros of a shape, of a tensor's dtype. */
export const newZeros: Operation<FilledAttributes> = filled('aten.new_zeros', 0)

/** Ones of a shape, of a tensor's dtype. */
export const newOnes: Operation<FilledAttributes> = filled('aten.new_ones', 1)

/** One value in a shape, of a tensor's dtype. */
export const newFull: Operation<FilledAttributes> = filled('aten.new_full', 0)

/** One value in a tensor's shape and dtype. */
export const fullLike: Operation<FilledAttributes> = filled('aten.full_like', 0)

function filled(name: string, value: number): Operation<FilledAttributes> {
  return defineComposite({
    name,
    gradient: 'none',
    compose(inputs, { size, fillValue = value, dtype }) {
      const x = valueAt(name, inputs, 0)
      return [emit(full, [], { size: size ?? x.shape, fillValue, dtype: dtype ?? x.dtype })]
    },
  })
}
