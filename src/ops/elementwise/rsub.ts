import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { sumTo } from '../reduction/sum.ts'
import { type AddAttributes, times } from './add.ts'
import { inferBinary, milOperands, operands } from './binary.ts'

/** Elementwise difference the other way round, `b - alpha * a`, broadcasting. */
export const rsub: Operation<AddAttributes> = defineOp({
  name: 'aten.rsub',
  infer: (inputs, attrs) => [inferBinary('aten.rsub', inputs, attrs)],
  gradient({ inputs: [a, b], gradients: [g], attrs, needs }) {
    if (!a || !g) return [null]
    return [
      needs(0) ? sumTo(times(g, -attrs.alpha), a.shape) : null,
      b && needs(1) ? sumTo(g, b.shape) : null,
    ]
  },
  lower(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const [a, b] = operands(e, node, dtype)
    const { alpha } = node.attrs
    return [e.op('Sub', [b, alpha === 1 ? a : e.op('Mul', [a, e.scalar(alpha, dtype)])])]
  },
  mil(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const { x, y } = milOperands(e, node, dtype)
    const { alpha } = node.attrs
    const scaled = alpha === 1 ? x : e.op('mul', { x, y: e.scalar(alpha, dtype) }, { shape: x.shape })
    return [e.op('sub', { x: y, y: scaled })]
  },
})
