import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** The same values; no gradient flows back. */
export const detach: Operation<NoAttributes> = defineOp({
  name: 'aten.detach',
  infer: (inputs) => [inputAt('aten.detach', inputs, 0)],
  gradient: 'none',
  lower: (e) => [e.inputs[0] ?? ''],
  mil: (e) => [e.input(0)],
})
