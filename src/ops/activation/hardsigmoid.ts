import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { times } from '../elementwise/add.ts'
import { floatingAt } from '../inference.ts'
import { maskInside } from './mask-inside.ts'

/** `x / 6 + 1/2` limited to [0, 1]; the gradient at -3 and 3 is 0. */
export const hardsigmoid: Operation<NoAttributes> = defineOp({
  name: 'aten.hardsigmoid',
  infer: (inputs) => [floatingAt('aten.hardsigmoid', inputs, 0)],
  gradient: ({ inputs: [x], gradients: [g] }) => [
    g && x ? emit(maskInside, [times(g, 1 / 6), x], { min: -3, max: 3 }) : null,
  ],
  lower: (e) => [e.op('HardSigmoid', [e.inputs[0] ?? ''], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })],
  mil: (e) => [e.op('sigmoid_hard', { x: e.input(0), alpha: { float: 1 / 6 }, beta: { float: 0.5 } })],
  quantization: { fixedRange: () => ({ min: 0, max: 1, symmetric: false }) },
})
