import type { Operation } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inferNumeric } from './unary.ts'

/** The next integer below or equal, in the input's dtype. */
export const floor: Operation<NoAttributes> = rounding('aten.floor', 'Floor')

/** The next integer above or equal, in the input's dtype. */
export const ceil: Operation<NoAttributes> = rounding('aten.ceil', 'Ceil')

/** The nearest integer, halves to the even one, in the input's dtype. */
export const round: Operation<NoAttributes> = rounding('aten.round', 'Round')

function rounding(name: string, onnx: string): Operation<NoAttributes> {
  return defineOp({
    name,
    infer: (inputs) => [inferNumeric(name, inputs)],
    gradient: 'none',
    lower(e, { inputs: [x] }) {
      const source = e.inputs[0] ?? ''
      return [x && isFloating(x.dtype) ? e.op(onnx, [source]) : source]
    },
    mil: (e) => [isFloating(e.input(0).dtype) ? e.op(onnx.toLowerCase(), { x: e.input(0) }) : e.input(0)],
  })
}
