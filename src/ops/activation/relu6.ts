import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { milUnary } from '../mil-unary.ts'
import { maskInside } from './mask-inside.ts'

/** `min(max(x, 0), 6)`; the gradient at 0 and 6 is 0. */
export const relu6: Operation<NoAttributes> = defineOp({
  name: 'aten.relu6',
  infer: (inputs) => [floatingAt('aten.relu6', inputs, 0)],
  gradient: ({ outputs: [y], gradients: [g] }) => [
    g && y ? emit(maskInside, [g, y], { min: 0, max: 6 }) : null,
  ],
  lower: (e) => [e.op('Clip', [e.inputs[0] ?? '', e.scalar(0), e.scalar(6)])],
  mil: milUnary('relu6'),
  quantization: { fixedRange: () => ({ min: 0, max: 6, symmetric: false }) },
})
