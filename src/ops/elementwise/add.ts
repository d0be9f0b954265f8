import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit, type Node, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { sumTo } from '../reduction/sum.ts'
import { inferBinary, milOperands, operands, type ScalarOperand } from './binary.ts'
import { mul } from './mul.ts'

/** `a + alpha * b`. */
export type AddAttributes = ScalarOperand & { readonly alpha: number }

/** Elementwise sum, broadcasting. */
export const add: Operation<AddAttributes> = defineOp({
  name: 'aten.add',
  infer: (inputs, attrs) => [inferBinary('aten.add', inputs, attrs)],
  gradient({ inputs: [a, b], gradients: [g], attrs, needs }) {
    if (!a || !g) return [null]
    if (!b) return [g]
    return [needs(0) ? sumTo(g, a.shape) : null, needs(1) ? sumTo(times(g, attrs.alpha), b.shape) : null]
  },
  lower(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const [a, b] = operands(e, node, dtype)
    const { alpha } = node.attrs
    return [e.op('Add', [a, alpha === 1 ? b : e.op('Mul', [b, e.scalar(alpha, dtype)])])]
  },
  mil: (e, node) => [milSum(e, node, 'add')],
})

/** Elementwise difference `a - alpha * b`, broadcasting. */
export const sub: Operation<AddAttributes> = defineOp({
  name: 'aten.sub',
  infer: (inputs, attrs) => [inferBinary('aten.sub', inputs, attrs)],
  gradient({ inputs: [a, b], gradients: [g], attrs, needs }) {
    if (!a || !g) return [null]
    if (!b) return [g]
    return [needs(0) ? sumTo(g, a.shape) : null, needs(1) ? sumTo(times(g, -attrs.alpha), b.shape) : null]
  },
  lower(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const [a, b] = operands(e, node, dtype)
    const { alpha } = node.attrs
    return [e.op('Sub', [a, alpha === 1 ? b : e.op('Mul', [b, e.scalar(alpha, dtype)])])]
  },
  mil: (e, node) => [milSum(e, node, 'sub')],
})

/** A value times a number; itself for 1. */
export function times(value: Value, factor: number): Value {
  return factor === 1 ? value : emit(mul, [value], { other: factor })
}

function milSum(e: MilEmitter, node: Node<AddAttributes>, type: 'add' | 'sub'): MilValue {
  const dtype = node.outputs[0]?.dtype ?? 'float32'
  const { x, y } = milOperands(e, node, dtype)
  const { alpha } = node.attrs
  return e.op(type, {
    x,
    y: alpha === 1 ? y : e.op('mul', { x: y, y: e.scalar(alpha, dtype) }, { shape: y.shape }),
  })
}
