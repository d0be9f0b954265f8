import { emit, type Value } from '../../ir/node.ts'
import type { GradientRule, Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { sumTo } from '../reduction/sum.ts'
import { add, times } from './add.ts'
import { inferBinary, milOperands, operands, type ScalarOperand } from './binary.ts'
import { ge, gt, le, lt } from './comparison.ts'
import { mul } from './mul.ts'
import { to } from './to.ts'

/** The smaller of two elements, broadcasting; equal ones share the gradient. */
export const minimum: Operation<NoAttributes> = defineOp({
  name: 'aten.minimum',
  infer: (inputs) => [inferBinary('aten.minimum', inputs, {})],
  gradient: selecting(lt, le),
  lower: (e, node) => [e.op('Min', operands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
  mil: (e, node) => [e.op('minimum', milOperands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
})

/** The larger of two elements, broadcasting; equal ones share the gradient. */
export const maximum: Operation<NoAttributes> = defineOp({
  name: 'aten.maximum',
  infer: (inputs) => [inferBinary('aten.maximum', inputs, {})],
  gradient: selecting(gt, ge),
  lower: (e, node) => [e.op('Max', operands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
  mil: (e, node) => [e.op('maximum', milOperands(e, node, node.outputs[0]?.dtype ?? 'float32'))],
})

/** Each operand gets half of the gradient where it wins, and half where it wins or draws. */
function selecting(
  wins: Operation<ScalarOperand>,
  holds: Operation<ScalarOperand>,
): GradientRule<NoAttributes> {
  return ({ inputs: [a, b], gradients: [g], needs }) => {
    if (!a || !b || !g) return [null]
    const share = (x: Value, other: Value) => {
      const won = emit(to, [emit(wins, [x, other], {})], { dtype: g.dtype })
      const held = emit(to, [emit(holds, [x, other], {})], { dtype: g.dtype })
      return sumTo(emit(mul, [times(g, 0.5), emit(add, [won, held], { alpha: 1 })], {}), x.shape)
    }
    return [needs(0) ? share(a, b) : null, needs(1) ? share(b, a) : null]
  }
}
