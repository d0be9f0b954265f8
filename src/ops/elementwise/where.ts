import { emit, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { broadcastDims, inputAt } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { inferBinary, milOperands, operandNames, type ScalarOperand } from './binary.ts'
import { logicalNot } from './logic.ts'
import { mul } from './mul.ts'

/** The second input where the first (bool) is true, else the third or the number `other`, broadcasting. */
export const where: Operation<ScalarOperand> = defineOp({
  name: 'aten.where',
  infer: (inputs, attrs) => [inferWhere(inputs, attrs)],
  gradient({ inputs: [condition, a, b], gradients: [g], needs }) {
    if (!condition || !g) return [null]
    const ga = a && needs(1) ? sumTo(emit(mul, [g, condition], {}), a.shape) : null
    const otherwise = () => emit(mul, [g, emit(logicalNot, [condition], {})], {})
    return [null, ga, b && needs(2) ? sumTo(otherwise(), b.shape) : null]
  },
  lower(e, { inputs, outputs: [y], attrs }) {
    const [condition = '', ...names] = e.inputs
    return [
      e.op('Where', [condition, ...operandNames(e, names, inputs.slice(1), attrs, y?.dtype ?? 'float32')]),
    ]
  },
  mil(e, node) {
    const { x, y } = milOperands(e, node, node.outputs[0]?.dtype ?? 'float32', 1)
    return [e.op('select', { cond: e.input(0), a: x, b: y })]
  },
})

function inferWhere(inputs: readonly (TensorType | null)[], attrs: ScalarOperand): TensorType {
  const condition = inputAt('aten.where', inputs, 0)
  if (condition.dtype !== 'bool') {
    throw new TypeError(`Cannot record "aten.where": expected a bool condition, got ${formatType(condition)}`)
  }
  const { shape, dtype } = inferBinary('aten.where', inputs.slice(1), attrs)
  return { shape: broadcastDims('aten.where', condition.shape, shape), dtype }
}
