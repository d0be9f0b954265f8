import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { milUnary } from '../mil-unary.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** `e` to the power of each element. */
export const exp: Operation<NoAttributes> = defineOp({
  name: 'aten.exp',
  infer: (inputs) => [inferFloating('aten.exp', inputs)],
  gradient: ({ outputs: [y], gradients: [g] }) => [g && y ? emit(mul, [g, y], {}) : null],
  lower: (e, node) => [e.op('Exp', [floatingInput(e, node)])],
  mil: milUnary('exp'),
})
