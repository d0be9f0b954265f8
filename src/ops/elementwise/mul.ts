import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { sumTo } from '../reduction/sum.ts'
import { inferBinary, milOperands, operands, type ScalarOperand } from './binary.ts'

/** Elementwise product, broadcasting. */
export const mul: Operation<ScalarOperand> = defineOp({
  name: 'aten.mul',
  infer: (inputs, attrs) => [inferBinary('aten.mul', inputs, attrs)],
  gradient({ inputs: [a, b], gradients: [g], attrs, needs }) {
    if (!a || !g) return [null]
    if (!b) return [emit(mul, [g], attrs)]
    return [
      needs(0) ? sumTo(emit(mul, [g, b], {}), a.shape) : null,
      needs(1) ? sumTo(emit(mul, [g, a], {}), b.shape) : null,
    ]
  },
  lower: (e, node) => [e.op('Mul', operands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
  mil: (e, node) => [e.op('mul', milOperands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
})
