import { emit, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { maximum, minimum } from '../elementwise/minimum.ts'
import { gather } from '../indexing/gather.ts'
import { normalizeDim, valueAt } from '../inference.ts'
import { squeeze } from '../shape/view.ts'
import { argmax, argmin } from './arg-extremum.ts'
import { amax, amin } from './extremum.ts'

/** The dimension to search; without one, and with one tensor, all of them; with two tensors, elementwise. */
type ExtremeAttributes = { readonly dim?: number; readonly keepdim?: boolean }

/** Largest values. Along a dimension: values and their places, the first of equal ones. Of all: the value. Of two tensors: elementwise. */
export const max: Operation<ExtremeAttributes> = extreme('aten.max', argmax, amax, maximum)

/** Smallest values, in the same forms. */
export const min: Operation<ExtremeAttributes> = extreme('aten.min', argmin, amin, minimum)

function extreme(
  name: string,
  place: typeof argmax,
  reduce: typeof amax,
  pairwise: typeof maximum,
): Operation<ExtremeAttributes> {
  return defineComposite({
    name,
    compose(inputs, { dim, keepdim = false }) {
      const x = valueAt(name, inputs, 0)
      if (inputs[1]) return [emit(pairwise, [x, inputs[1]], {})]
      if (dim === undefined) return [emit(reduce, [x], { dim: [], keepdim: false })]
      if (x.shape.length === 0) return [x, emit(place, [x], { dim, keepdim })]
      const index = emit(place, [x], { dim, keepdim: true })
      return [emit(gather, [x, index], { dim }), index].map((value) => dropped(name, value, dim, keepdim))
    },
  })
}

function dropped(op: string, value: Value, dim: number, keepdim: boolean): Value {
  if (keepdim) return value
  return emit(squeeze, [value], { dim: [normalizeDim(op, dim, value.shape.length)] })
}
