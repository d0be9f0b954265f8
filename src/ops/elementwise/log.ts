import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { div } from './div.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** Natural logarithm; -inf at 0 and NaN below it. */
export const log: Operation<NoAttributes> = defineOp({
  name: 'aten.log',
  infer: (inputs) => [inferFloating('aten.log', inputs)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(div, [g, x], { roundingMode: null }) : null],
  lower: (e, node) => [e.op('Log', [floatingInput(e, node)])],
  mil: (e) => [e.op('log', { x: e.cast(e.input(0), 'float32'), epsilon: { float: 0 } })],
})
