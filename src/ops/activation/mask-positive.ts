import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** The first input where the second is above 0, else 0: what rectifiers do to gradients. Linear in the first input. */
export const maskPositive: Operation<NoAttributes> = defineOp({
  name: 'lowbit.mask_positive',
  infer: (inputs) => [inputAt('lowbit.mask_positive', inputs, 0)],
  gradient: ({ inputs: [, y], gradients: [g] }) => [g && y ? emit(maskPositive, [g, y], {}) : null, null],
  lower(e) {
    const [g = '', y = ''] = e.inputs
    const mask = e.op('Greater', [y, e.scalar(0)])
    return [e.op('Mul', [g, e.cast(mask, 'float32')])]
  },
})
