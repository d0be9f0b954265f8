import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { times } from './add.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** `1 / x`. */
export const reciprocal: Operation<NoAttributes> = defineOp({
  name: 'aten.reciprocal',
  infer: (inputs) => [inferFloating('aten.reciprocal', inputs)],
  gradient({ outputs: [y], gradients: [g] }) {
    return [g && y ? emit(mul, [emit(mul, [times(g, -1), y], {}), y], {}) : null]
  },
  lower: (e, node) => [e.op('Reciprocal', [floatingInput(e, node)])],
  mil: (e) => [e.op('inverse', { x: e.cast(e.input(0), 'float32'), epsilon: { float: 0 } })],
})
