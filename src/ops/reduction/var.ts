import type { Emitter } from '../../ir/emitter.ts'
import { emit, type Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { sub, times } from '../elementwise/add.ts'
import { mul } from '../elementwise/mul.ts'
import { floatingAt, normalizeDims } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { dividedByCount, reducedCount } from './element-count.ts'
import { mean } from './mean.ts'
import { type ReduceAttributes, reducedDims } from './sum.ts'

/** What the number of elements is reduced by before it divides; 1 (the unbiased estimate) where it is null. */
type VarAttributes = ReduceAttributes & { readonly correction: number | null }

/** Variance over dimensions; NaN or infinite where the correction leaves no elements. */
export const variance: Operation<VarAttributes> = defineOp({
  name: 'aten.var',
  infer(inputs, attrs) {
    const { shape, dtype } = floatingAt('aten.var', inputs, 0)
    return [{ shape: reducedDims('aten.var', shape, attrs), dtype }]
  },
  gradient({ inputs: [x], gradients: [g], attrs: { correction, ...attrs } }) {
    if (!x || !g) return [null]
    const kept = { ...attrs, keepdim: true }
    const centred = emit(sub, [x, emit(mean, [x], kept)], { alpha: 1 })
    const share = dividedByCount(times(g, 2), reducedCount('aten.var', x.shape, attrs), correction ?? 1)
    return [emit(mul, [centred, reshaped(share, reducedDims('aten.var', x.shape, kept))], {})]
  },
  lower: (e, node) => [lowerVariance(e, node)],
  mil(e, { attrs: { dim, keepdim, correction } }) {
    const x = e.input(0)
    const axes = normalizeDims('aten.var', dim, x.shape.length)
    const count = reducedCount('aten.var', x.shape, { dim, keepdim })
    if (typeof count !== 'number') return e.refuse('a known number of elements', String(count))
    const shape = reducedDims('aten.var', x.shape, { dim, keepdim: true })
    const centred = e.op(
      'sub',
      { x, y: e.op('reduce_mean', { x, axes, keep_dims: true }, { shape }) },
      { shape: x.shape },
    )
    const squares = e.op('reduce_sum_square', { x: centred, axes, keep_dims: keepdim })
    return [e.op('mul', { x: squares, y: { float: 1 / Math.max(count - (correction ?? 1), 0) } })]
  },
})

function lowerVariance(e: Emitter, { inputs: [x], attrs }: Node<VarAttributes>): string {
  const { dim, keepdim, correction } = attrs
  const [source = ''] = e.inputs
  const shape = x?.shape ?? []
  const axes = e.ints(normalizeDims('aten.var', dim, shape.length))
  const centred = e.op('Sub', [source, e.op('ReduceMean', [source, axes], { keepdims: 1 })])
  const squares = e.op('ReduceSumSquare', [centred, axes], { keepdims: keepdim ? 1 : 0 })
  const count = reducedCount('aten.var', shape, attrs)
  const lost = correction ?? 1
  if (typeof count === 'number') return e.op('Mul', [squares, e.scalar(1 / Math.max(count - lost, 0))])
  const elements = e.cast(e.op('Squeeze', [e.shape([count])]), 'float32')
  return e.op('Div', [squares, e.op('Relu', [e.op('Sub', [elements, e.scalar(lost)])])])
}
