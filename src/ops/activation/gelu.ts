import type { Emitter } from '../../ir/emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/** Whether the normal distribution is taken exactly or approximated by a hyperbolic tangent. */
type GeluAttributes = { readonly approximate: 'none' | 'tanh' }

/** Factor and cubic coefficient of the approximation (Hendrycks and Gimpel 2016, section 2). */
const SLOPE = Math.sqrt(8 / Math.PI)
const CUBIC = 0.044715

/** `x` times the probability that a standard normal variable is below it. */
export const gelu: Operation<GeluAttributes> = defineOp({
  name: 'aten.gelu',
  infer(inputs, { approximate }) {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new RangeError(
        `Cannot record "aten.gelu": expected approximate "none" or "tanh", got ${JSON.stringify(approximate)}`,
      )
    }
    return [floatingAt('aten.gelu', inputs, 0)]
  },
  gradient: ({ inputs: [x], gradients: [g], attrs }) => [g && x ? emit(geluBackward, [g, x], attrs) : null],
  lower: (e, { attrs: { approximate } }) => [e.op('Gelu', [e.inputs[0] ?? ''], { approximate })],
  mil: (e, { attrs: { approximate } }) => [
    e.op('gelu', { x: e.input(0), mode: approximate === 'none' ? 'EXACT' : 'TANH_APPROXIMATION' }),
  ],
})

/** Gradient of gelu, from its output's gradient and its input. */
export const geluBackward: Operation<GeluAttributes> = defineOp({
  name: 'lowbit.gelu_backward',
  infer: (inputs) => [floatingAt('lowbit.gelu_backward', inputs, 0)],
  gradient: 'none',
  lower(e, { attrs: { approximate } }) {
    const [g = '', x = ''] = e.inputs
    return [e.op('Mul', [g, approximate === 'none' ? exactSlope(e, x) : tanhSlope(e, x)])]
  },
})

/** `P(x) + x p(x)` with `u = x / sqrt(2)`; a HardSigmoid maps erf from [-1, 1] to [0, 1] in one pass. */
function exactSlope(e: Emitter, x: string): string {
  const u = e.op('Mul', [x, e.scalar(Math.SQRT1_2)])
  const probability = e.op('HardSigmoid', [e.op('Erf', [u])], { alpha: { float: 0.5 }, beta: { float: 0.5 } })
  const spread = e.op('Exp', [e.op('Mul', [u, u])])
  const density = e.op('Div', [e.op('Mul', [u, e.scalar(1 / Math.sqrt(Math.PI))]), spread])
  return e.op('Add', [probability, density])
}

/** `s + s (1 - s) x v'` with `s = sigmoid(v)`, the sigmoid of twice the tangent's argument. */
function tanhSlope(e: Emitter, x: string): string {
  const square = e.op('Mul', [x, x])
  const polynomial = (cubic: number) =>
    e.op('Mul', [x, e.op('Add', [e.op('Mul', [square, e.scalar(SLOPE * cubic)]), e.scalar(SLOPE)])])
  const s = e.op('Sigmoid', [polynomial(CUBIC)])
  const bell = e.op('Sub', [s, e.op('Mul', [s, s])])
  return e.op('Add', [s, e.op('Mul', [bell, polynomial(3 * CUBIC)])])
}
