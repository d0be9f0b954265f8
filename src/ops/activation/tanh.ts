import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { mul } from '../elementwise/mul.ts'
import { rsub } from '../elementwise/rsub.ts'
import { floatingAt } from '../inference.ts'
import { milUnary } from '../mil-unary.ts'

/** Hyperbolic tangent. */
export const tanh: Operation<NoAttributes> = defineOp({
  name: 'aten.tanh',
  infer: (inputs) => [floatingAt('aten.tanh', inputs, 0)],
  gradient({ outputs: [y], gradients: [g] }) {
    if (!y || !g) return [null]
    return [emit(mul, [g, emit(rsub, [emit(mul, [y, y], {})], { other: 1, alpha: 1 })], {})]
  },
  lower: (e) => [e.op('Tanh', [e.inputs[0] ?? ''])],
  mil: milUnary('tanh'),
  quantization: { fixedRange: () => ({ min: -1, max: 1, symmetric: true }) },
})
