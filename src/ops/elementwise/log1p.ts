import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { divided, plus } from '../expressions.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** `log(1 + x)`, exact near 0: what rounding adds to 1 + x is divided out again (Kahan). */
export const log1p: Operation<NoAttributes> = defineOp({
  name: 'aten.log1p',
  infer: (inputs) => [inferFloating('aten.log1p', inputs)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? divided(g, plus(x, 1)) : null],
  lower(e, node) {
    const x = floatingInput(e, node)
    const shifted = e.op('Add', [x, e.scalar(1)])
    const taken = e.op('Sub', [shifted, e.scalar(1)])
    const exact = e.op('Mul', [e.op('Log', [shifted]), e.op('Div', [x, taken])])
    const isPlain = e.op('Or', [
      e.op('Equal', [taken, e.scalar(0)]),
      e.op('Equal', [shifted, e.scalar(Number.POSITIVE_INFINITY)]),
    ])
    const isInfinite = e.op('Equal', [x, e.scalar(Number.POSITIVE_INFINITY)])
    return [e.op('Where', [e.op('Or', [isPlain, isInfinite]), x, exact])]
  },
})

/** `exp(x) - 1`, exact near 0 by the same division. */
export const expm1: Operation<NoAttributes> = defineOp({
  name: 'aten.expm1',
  infer: (inputs) => [inferFloating('aten.expm1', inputs)],
  gradient: ({ outputs: [y], gradients: [g] }) => [g && y ? emit(mul, [g, plus(y, 1)], {}) : null],
  lower(e, node) {
    const x = floatingInput(e, node)
    const grown = e.op('Exp', [x])
    const taken = e.op('Sub', [grown, e.scalar(1)])
    const exact = e.op('Mul', [taken, e.op('Div', [x, e.op('Log', [grown])])])
    const isNear = e.op('Less', [e.op('Abs', [x]), e.scalar(0.5)])
    const near = e.op('Where', [e.op('Equal', [grown, e.scalar(1)]), x, exact])
    return [e.op('Where', [isNear, near, taken])]
  },
})
