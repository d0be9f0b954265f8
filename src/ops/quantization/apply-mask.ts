import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

const NAME = 'lowbit.apply_mask'

/** The first input times the second, a bool of the same shape: a product, so that what is not finite becomes NaN where it is masked out. */
export const applyMask: Operation<NoAttributes> = defineOp({
  name: NAME,
  infer: (inputs) => [floatingAt(NAME, inputs, 0)],
  gradient: ({ inputs: [, mask], gradients: [g] }) => [
    g && mask ? emit(applyMask, [g, mask], {}) : null,
    null,
  ],
  lower: (e) => [e.op('Mul', [e.inputs[0] ?? '', e.cast(e.inputs[1] ?? '', 'float32')])],
})
