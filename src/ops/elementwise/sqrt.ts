import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { milUnary } from '../mil-unary.ts'
import { times } from './add.ts'
import { div } from './div.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** Square root; its gradient at 0 is infinite. */
export const sqrt: Operation<NoAttributes> = defineOp({
  name: 'aten.sqrt',
  infer: (inputs) => [inferFloating('aten.sqrt', inputs)],
  gradient: ({ outputs: [y], gradients: [g] }) => [
    g && y ? emit(div, [times(g, 0.5), y], { roundingMode: null }) : null,
  ],
  lower: (e, node) => [e.op('Sqrt', [floatingInput(e, node)])],
  mil: milUnary('sqrt'),
})
