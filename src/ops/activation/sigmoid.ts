import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { sub } from '../elementwise/add.ts'
import { mul } from '../elementwise/mul.ts'
import { floatingAt } from '../inference.ts'
import { milUnary } from '../mil-unary.ts'

/** The logistic function `1 / (1 + exp(-x))`. */
export const sigmoid: Operation<NoAttributes> = defineOp({
  name: 'aten.sigmoid',
  infer: (inputs) => [floatingAt('aten.sigmoid', inputs, 0)],
  gradient({ outputs: [y], gradients: [g] }) {
    if (!y || !g) return [null]
    return [emit(mul, [g, emit(sub, [y, emit(mul, [y, y], {})], { alpha: 1 })], {})]
  },
  lower: (e) => [e.op('Sigmoid', [e.inputs[0] ?? ''])],
  mil: milUnary('sigmoid'),
  quantization: { fixedRange: () => ({ min: 0, max: 1, symmetric: false }) },
})
