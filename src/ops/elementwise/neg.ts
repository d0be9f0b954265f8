import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inferNumeric } from './unary.ts'

/** `-x`. */
export const neg: Operation<NoAttributes> = defineOp({
  name: 'aten.neg',
  infer: (inputs) => [inferNumeric('aten.neg', inputs)],
  gradient: ({ gradients: [g] }) => [g ? emit(neg, [g], {}) : null],
  lower: (e) => [e.op('Neg', [e.inputs[0] ?? ''])],
  mil: (e) => [e.op('mul', { x: e.input(0), y: e.scalar(-1, e.input(0).dtype) })],
})
