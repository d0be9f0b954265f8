import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt, normalizeDims } from '../inference.ts'
import { dividedByCount, reducedCount } from './element-count.ts'
import { expandReduced, milReduced, type ReduceAttributes, reducedDims } from './sum.ts'

/** Mean over dimensions. */
export const mean: Operation<ReduceAttributes> = defineOp({
  name: 'aten.mean',
  infer(inputs, attrs) {
    const { shape, dtype } = floatingAt('aten.mean', inputs, 0)
    return [{ shape: reducedDims('aten.mean', shape, attrs), dtype }]
  },
  gradient({ inputs: [x], gradients: [g], attrs }) {
    if (!x || !g) return [null]
    const share = dividedByCount(g, reducedCount('aten.mean', x.shape, attrs))
    return [expandReduced('aten.mean', share, x.shape, attrs)]
  },
  lower(e, { inputs: [x], attrs: { dim, keepdim } }) {
    const axes = normalizeDims('aten.mean', dim, x?.shape.length ?? 0)
    return [e.op('ReduceMean', [e.inputs[0] ?? '', e.ints(axes)], { keepdims: keepdim ? 1 : 0 })]
  },
  mil: (e, { attrs }) => [milReduced(e, 'reduce_mean', attrs)],
  quantization: { sharesObserver: true },
})
