import { emit } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { type DType, isFloating } from '../../tensor/dtype.ts'
import { maskInside } from '../activation/mask-inside.ts'
import { defineOp } from '../define-op.ts'
import { promoteScalar } from '../inference.ts'
import { inferNumeric } from './unary.ts'

/** Bounds, of which null is none. */
export type ClampAttributes = { readonly min: number | null; readonly max: number | null }

/** Values limited to [min, max]; all of them max where min is above it. The gradient is 0 at and beyond a bound. */
export const clamp: Operation<ClampAttributes> = defineOp({
  name: 'aten.clamp',
  infer: (inputs, attrs) => [inferClamp(inputs, attrs)],
  gradient: ({ outputs: [y], gradients: [g], attrs: { min, max } }) => [
    g && y ? emit(maskInside, [g, y], { min, max }) : null,
  ],
  lower(e, { inputs: [x], outputs: [y], attrs: { min, max } }) {
    const dtype: DType = y?.dtype ?? 'float32'
    const source = x && x.dtype !== dtype ? e.cast(e.inputs[0] ?? '', dtype) : (e.inputs[0] ?? '')
    const bounds = [min, max].map((bound) => (bound === null ? '' : e.scalar(bound, dtype)))
    return [e.op('Clip', [source, ...bounds])]
  },
  mil(e, { outputs: [y], attrs: { min, max } }) {
    const dtype: DType = y?.dtype ?? 'float32'
    const x = e.cast(e.input(0), dtype)
    if (isFloating(dtype) && min !== null && max !== null)
      return [e.op('clip', { x, alpha: { float: min }, beta: { float: max } })]
    const raised = min === null ? x : e.op('maximum', { x, y: e.scalar(min, dtype) })
    return [max === null ? raised : e.op('minimum', { x: raised, y: e.scalar(max, dtype) })]
  },
})

function inferClamp(inputs: readonly (TensorType | null)[], { min, max }: ClampAttributes): TensorType {
  const { shape, dtype } = inferNumeric('aten.clamp', inputs)
  if (min === null && max === null) {
    throw new TypeError('Cannot record "aten.clamp": expected min or max, got neither')
  }
  return { shape, dtype: [min, max].reduce<DType>((kind, bound) => promoteScalar(kind, bound ?? 0), dtype) }
}
