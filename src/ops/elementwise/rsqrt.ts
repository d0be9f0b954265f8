import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { times } from './add.ts'
import { div } from './div.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** One over the square root. */
export const rsqrt: Operation<NoAttributes> = defineOp({
  name: 'aten.rsqrt',
  infer: (inputs) => [inferFloating('aten.rsqrt', inputs)],
  gradient({ inputs: [x], outputs: [y], gradients: [g] }) {
    if (!x || !y || !g) return [null]
    return [emit(div, [emit(mul, [times(g, -0.5), y], {}), x], { roundingMode: null })]
  },
  lower: (e, node) => [e.op('Reciprocal', [e.op('Sqrt', [floatingInput(e, node)])])],
  mil: (e) => [e.op('rsqrt', { x: e.cast(e.input(0), 'float32'), epsilon: { float: 0 } })],
})
