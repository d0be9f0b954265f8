import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/** Slope below 0; 0.01 by default. */
type LeakyReluAttributes = { readonly negativeSlope: number }

/** `x` above 0 and `negativeSlope * x` below; the gradient at 0 is the slope. */
export const leakyRelu: Operation<LeakyReluAttributes> = defineOp({
  name: 'aten.leaky_relu',
  infer: (inputs) => [floatingAt('aten.leaky_relu', inputs, 0)],
  gradient: ({ inputs: [x], gradients: [g], attrs }) => [
    g && x ? emit(leakyReluBackward, [g, x], attrs) : null,
  ],
  lower: (e, { attrs: { negativeSlope } }) => [
    e.op('LeakyRelu', [e.inputs[0] ?? ''], { alpha: { float: negativeSlope } }),
  ],
  mil: (e, { attrs: { negativeSlope } }) => [
    e.op('leaky_relu', { x: e.input(0), alpha: { float: negativeSlope } }),
  ],
})

/** Gradient of leaky_relu, from its output's gradient and its input. Linear in the first input. */
export const leakyReluBackward: Operation<LeakyReluAttributes> = defineOp({
  name: 'lowbit.leaky_relu_backward',
  infer: (inputs) => [floatingAt('lowbit.leaky_relu_backward', inputs, 0)],
  gradient: ({ inputs: [, x], gradients: [g], attrs }) => [
    g && x ? emit(leakyReluBackward, [g, x], attrs) : null,
    null,
  ],
  lower(e, { attrs: { negativeSlope } }) {
    const [g = '', x = ''] = e.inputs
    const step = e.cast(e.op('Greater', [x, e.scalar(0)]), 'float32')
    if (negativeSlope >= 0 && negativeSlope <= 1) {
      return [e.op('Mul', [g, e.op('Clip', [step, e.scalar(negativeSlope)])])]
    }
    const rise = e.op('Mul', [step, e.scalar(1 - negativeSlope)])
    return [e.op('Mul', [g, e.op('Add', [rise, e.scalar(negativeSlope)])])]
  },
})
