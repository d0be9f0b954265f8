import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { milUnary } from '../mil-unary.ts'
import { maskPositive } from './mask-positive.ts'

/** `max(x, 0)`; the gradient at 0 is 0. */
export const relu: Operation<NoAttributes> = defineOp({
  name: 'aten.relu',
  infer: (inputs) => [inputAt('aten.relu', inputs, 0)],
  gradient: ({ outputs: [y], gradients: [g] }) => [g && y ? emit(maskPositive, [g, y], {}) : null],
  lower: (e) => [e.op('Relu', [e.inputs[0] ?? ''])],
  mil: milUnary('relu'),
  quantization: { fixedRange: () => ({ min: 0, max: null, symmetric: false }) },
})
