import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { ones } from '../creation/filled.ts'
import { defineOp } from '../define-op.ts'
import { eq } from '../elementwise/comparison.ts'
import { castTo, chosen, compared, divided, expanded, multiplied, summed } from '../expressions.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { reducedDims } from './sum.ts'

type ProdAttributes = { readonly dim?: number; readonly keepdim?: boolean }

/** Product of all elements, or along a dimension; integers and bools multiply as int64. */
export const prod: Operation<ProdAttributes> = defineOp({
  name: 'aten.prod',
  infer(inputs, attrs) {
    const { shape, dtype } = inputAt('aten.prod', inputs, 0)
    return [
      {
        shape: reducedDims('aten.prod', shape, reduction(attrs)),
        dtype: isFloating(dtype) ? dtype : 'int64',
      },
    ]
  },
  gradient({ inputs: [x], gradients: [g], attrs }) {
    if (!x || !g) return [null]
    // Where one element is 0 the product of the others is its gradient; where two are, all gradients are 0.
    const kept = reducedDims('aten.prod', x.shape, { ...reduction(attrs), keepdim: true })
    const isZero = compared(eq, x, 0)
    const others = chosen(isZero, emit(ones, [], { size: x.shape, dtype: x.dtype }), x)
    const product = reshaped(emit(prod, [others], { ...attrs, keepdim: true }), kept)
    const zeros = reshaped(summed(isZero, reduction(attrs).dim, true), kept)
    const [none, one] = [0, 1].map((count) => castTo(compared(eq, zeros, count), x.dtype))
    if (!none || !one) return [null]
    const share = chosen(
      isZero,
      expanded(multiplied(product, one), x.shape),
      divided(multiplied(product, none), others),
    )
    return [multiplied(share, reshaped(g, kept))]
  },
  lower(e, { inputs: [x], outputs: [y], attrs }) {
    const [source = ''] = e.inputs
    const factors = x && y && x.dtype !== y.dtype ? e.cast(source, y.dtype) : source
    const axes = reduction(attrs).dim?.map((dim) => normalizeDim('aten.prod', dim, x?.shape.length ?? 1))
    return [
      e.op('ReduceProd', axes ? [factors, e.ints(axes)] : [factors], { keepdims: attrs.keepdim ? 1 : 0 }),
    ]
  },
})

function reduction({ dim, keepdim = false }: ProdAttributes) {
  return { dim: dim === undefined ? null : [dim], keepdim }
}
