import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { maskInside } from './mask-inside.ts'

/** Bounds; -1 and 1 by default. */
type HardtanhAttributes = { readonly minVal: number; readonly maxVal: number }

/** Values limited to [minVal, maxVal]; the gradient at the bounds is 0. */
export const hardtanh: Operation<HardtanhAttributes> = defineOp({
  name: 'aten.hardtanh',
  infer(inputs, { minVal, maxVal }) {
    if (minVal > maxVal) {
      throw new RangeError(
        `Cannot record "aten.hardtanh": expected minVal up to maxVal, got ${minVal} and ${maxVal}`,
      )
    }
    return [floatingAt('aten.hardtanh', inputs, 0)]
  },
  gradient: ({ outputs: [y], gradients: [g], attrs: { minVal, maxVal } }) => [
    g && y ? emit(maskInside, [g, y], { min: minVal, max: maxVal }) : null,
  ],
  lower: (e, { attrs: { minVal, maxVal } }) => [
    e.op('Clip', [e.inputs[0] ?? '', e.scalar(minVal), e.scalar(maxVal)]),
  ],
  mil: (e, { attrs: { minVal, maxVal } }) => [
    e.op('clip', { x: e.input(0), alpha: { float: minVal }, beta: { float: maxVal } }),
  ],
  quantization: {
    fixedRange: ({ minVal, maxVal }) => ({ min: minVal, max: maxVal, symmetric: minVal === -maxVal }),
  },
})
