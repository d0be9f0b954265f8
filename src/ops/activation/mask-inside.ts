import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** Bounds, of which null is none. */
type Interval = { readonly min: number | null; readonly max: number | null }

/** The first input where the second lies strictly between the bounds, else 0: what clipping does to gradients. Linear in the first input. */
export const maskInside: Operation<Interval> = defineOp({
  name: 'lowbit.mask_inside',
  infer: (inputs) => [inputAt('lowbit.mask_inside', inputs, 0)],
  gradient: ({ inputs: [, y], gradients: [g], attrs }) => [
    g && y ? emit(maskInside, [g, y], attrs) : null,
    null,
  ],
  lower(e, { attrs: { min, max } }) {
    const [g = '', y = ''] = e.inputs
    const above = min === null ? [] : [e.op('Greater', [y, e.scalar(min)])]
    const below = max === null ? [] : [e.op('Less', [y, e.scalar(max)])]
    const [mask = '', other] = [...above, ...below]
    if (mask === '') return [g]
    return [e.op('Mul', [g, e.cast(other === undefined ? mask : e.op('And', [mask, other]), 'float32')])]
  },
})
