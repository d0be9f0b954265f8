import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { milUnary } from '../mil-unary.ts'
import { times } from './add.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** Gauss error function. */
export const erf: Operation<NoAttributes> = defineOp({
  name: 'aten.erf',
  infer: (inputs) => [inferFloating('aten.erf', inputs)],
  gradient({ inputs: [x], gradients: [g] }) {
    if (!x || !g) return [null]
    const bell = emit(exp, [emit(mul, [times(x, -1), x], {})], {})
    return [emit(mul, [times(g, 2 / Math.sqrt(Math.PI)), bell], {})]
  },
  lower: (e, node) => [e.op('Erf', [floatingInput(e, node)])],
  mil: milUnary('erf'),
})
