import type { Dims } from '../../ir/dim.ts'
import type { Operation } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { filledNode, milFilled } from './full.ts'

/** `dtype` is float32 when it is left out. */
type SizedAttributes = { readonly size: Dims; readonly dtype?: DType }

/** `dtype` is the input's when it is left out. */
type LikeAttributes = { readonly dtype?: DType }

/** Zeros of a shape. */
export const zeros: Operation<SizedAttributes> = sized('aten.zeros', 0)

/** Ones of a shape. */
export const ones: Operation<SizedAttributes> = sized('aten.ones', 1)

/** Zeros of the input's shape. */
export const zerosLike: Operation<LikeAttributes> = like('aten.zeros_like', 0)

/** Ones of the input's shape. */
export const onesLike: Operation<LikeAttributes> = like('aten.ones_like', 1)

/** A tensor of one value whose shape is an attribute. */
function sized(name: string, value: number): Operation<SizedAttributes> {
  return defineOp({
    name,
    infer: (_, { size, dtype = 'float32' }) => [{ shape: size, dtype }],
    gradient: 'none',
    lower: (e, { attrs: { size, dtype = 'float32' } }) => [filledNode(e, size, value, dtype)],
    mil: (e, { attrs: { size, dtype = 'float32' } }) => [milFilled(e, size, value, dtype)],
  })
}

/** A tensor of one value whose shape is that of the input. */
function like(name: string, value: number): Operation<LikeAttributes> {
  return defineOp({
    name,
    infer(inputs, { dtype }) {
      const input = inputAt(name, inputs, 0)
      return [{ shape: input.shape, dtype: dtype ?? input.dtype }]
    },
    gradient: 'none',
    lower: (e, { outputs: [y] }) => [filledNode(e, y?.shape ?? [], value, y?.dtype ?? 'float32')],
    mil: (e, { outputs: [y] }) => [milFilled(e, y?.shape ?? [], value, y?.dtype ?? 'float32')],
  })
}
