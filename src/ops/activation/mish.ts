import type { Emitter } from '../../ir/emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/**
 * `x * tanh(softplus(x))`, computed as `x * n / (n + 2)` with `n = e (e + 2)` and `e = exp(x)`: the same function with one exponential, where
 * the engine's Softplus and Tanh take ten times as long.
 */
export const mish: Operation<NoAttributes> = defineOp({
  name: 'aten.mish',
  infer: (inputs) => [floatingAt('aten.mish', inputs, 0)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(mishBackward, [g, x], {}) : null],
  lower(e) {
    const [x = ''] = e.inputs
    const { n } = exponentials(e, x)
    return [e.op('Mul', [x, e.op('Div', [n, e.op('Add', [n, e.scalar(2)])])])]
  },
  mil(e) {
    const x = e.input(0)
    return [e.op('mul', { x, y: e.op('tanh', { x: e.op('softplus', { x }) }) })]
  },
})

/** Gradient of mish, from its output's gradient and its input: `(n + 4 x (n - e) r) r` with `r = 1 / (n + 2)`. */
export const mishBackward: Operation<NoAttributes> = defineOp({
  name: 'lowbit.mish_backward',
  infer: (inputs) => [floatingAt('lowbit.mish_backward', inputs, 0)],
  gradient: 'none',
  lower(e) {
    const [g = '', x = ''] = e.inputs
    const { clipped, exp, n } = exponentials(e, x)
    const r = e.op('Reciprocal', [e.op('Add', [n, e.scalar(2)])])
    const bend = e.op('Mul', [e.op('Mul', [clipped, e.scalar(4)]), e.op('Sub', [n, exp])])
    const slope = e.op('Mul', [e.op('Add', [n, e.op('Mul', [bend, r])]), r])
    return [e.op('Mul', [g, slope])]
  },
})

/** Beyond [-80, 20] the function is 0 or x to the last digit, and the exponential's square would leave float32. */
function exponentials(e: Emitter, x: string): { clipped: string; exp: string; n: string } {
  const clipped = e.op('Clip', [x, e.scalar(-80), e.scalar(20)])
  const exp = e.op('Exp', [clipped])
  return { clipped, exp, n: e.op('Mul', [exp, e.op('Add', [exp, e.scalar(2)])]) }
}
