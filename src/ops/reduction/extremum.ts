import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { eq } from '../elementwise/comparison.ts'
import { div } from '../elementwise/div.ts'
import { mul } from '../elementwise/mul.ts'
import { to } from '../elementwise/to.ts'
import { inferNumeric } from '../elementwise/unary.ts'
import { normalizeDims } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { milReduced, type ReduceAttributes, reducedDims, sum } from './sum.ts'

/** Largest value over dimensions; equal ones share the gradient evenly. */
export const amax: Operation<ReduceAttributes> = extremum('aten.amax', 'ReduceMax')

/** Smallest value over dimensions; equal ones share the gradient evenly. */
export const amin: Operation<ReduceAttributes> = extremum('aten.amin', 'ReduceMin')

function extremum(name: string, onnx: string): Operation<ReduceAttributes> {
  return defineOp({
    name,
    infer(inputs, attrs) {
      const { shape, dtype } = inferNumeric(name, inputs)
      return [{ shape: reducedDims(name, shape, attrs), dtype }]
    },
    gradient({ inputs: [x], outputs: [y], gradients: [g], attrs }) {
      if (!x || !y || !g) return [null]
      const kept = { ...attrs, keepdim: true }
      const shape = reducedDims(name, x.shape, kept)
      const mask = emit(to, [emit(eq, [x, reshaped(y, shape)], {})], { dtype: g.dtype })
      const share = emit(div, [reshaped(g, shape), emit(sum, [mask], kept)], { roundingMode: null })
      return [emit(mul, [mask, share], {})]
    },
    lower(e, { inputs: [x], attrs: { dim, keepdim } }) {
      const axes = normalizeDims(name, dim, x?.shape.length ?? 0)
      return [e.op(onnx, [e.inputs[0] ?? '', e.ints(axes)], { keepdims: keepdim ? 1 : 0 })]
    },
    mil: (e, { attrs }) => [milReduced(e, onnx === 'ReduceMax' ? 'reduce_max' : 'reduce_min', attrs)],
  })
}
