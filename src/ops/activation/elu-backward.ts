import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/** The curve `scale * x` above 0 and `scale * alpha * (exp(inputScale * x) - 1)` below; each factor is above 0. */
export type EluAttributes = { readonly alpha: number; readonly scale: number; readonly inputScale: number }

/**
 * Gradient of elu, celu and selu, from the output's gradient and the output y. Below 0 the slope is `inputScale * (y + scale * alpha)`, which a
 * HardSigmoid gives up to a factor, and which stays constant above 0.
 */
export const eluBackward: Operation<EluAttributes> = defineOp({
  name: 'lowbit.elu_backward',
  infer: (inputs) => [floatingAt('lowbit.elu_backward', inputs, 0)],
  gradient: 'none',
  lower(e, { attrs: { alpha, scale, inputScale } }) {
    const [g = '', y = ''] = e.inputs
    const steepest = scale * alpha * inputScale
    const curve = e.op('HardSigmoid', [y], { alpha: { float: 1 / (scale * alpha) }, beta: { float: 1 } })
    const below = steepest === 1 ? curve : e.op('Mul', [curve, e.scalar(steepest)])
    if (steepest === scale) return [e.op('Mul', [g, below])]
    const step = e.cast(e.op('Greater', [y, e.scalar(0)]), 'float32')
    const rest = e.op('Mul', [step, e.scalar(scale - steepest)])
    return [e.op('Mul', [g, e.op('Add', [below, rest])])]
  },
})
