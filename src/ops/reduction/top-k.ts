import type { Dim } from '../../ir/dim.ts'
import { emit, emitAll, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { defineOp } from '../define-op.ts'
import { gatherGradient } from '../indexing/gather.ts'
import { inputAt, normalizeDim, valueAt } from '../inference.ts'
import { sizeNode } from '../size-node.ts'

type TopKAttributes = {
  readonly k: Dim
  readonly dim: number
  readonly largest: boolean
  readonly sorted: boolean
}

/** The k largest (or smallest) values along a dimension, in order, and their places; of equal ones the first. */
export const topk: Operation<TopKAttributes> = defineOp({
  name: 'aten.topk',
  infer(inputs, { k, dim }) {
    const type = inputAt('aten.topk', inputs, 0)
    const axis = normalizeDim('aten.topk', dim, type.shape.length)
    const size = type.shape[axis] ?? 1
    if (typeof k === 'number' && (k < 0 || (typeof size === 'number' && k > size))) {
      throw new RangeError(
        `Cannot record "aten.topk": expected k between 0 and the size of dimension ${dim}, got ${k} for ${formatType(type)}`,
      )
    }
    const shape = type.shape.length === 0 ? [] : type.shape.with(axis, k)
    return [
      { shape, dtype: type.dtype },
      { shape, dtype: 'int64' },
    ]
  },
  gradient: ({ inputs: [x], outputs: [, index], gradients: [g], attrs: { dim } }) => [
    x && index && g ? emit(gatherGradient, [g, index], { dim, size: x.shape }) : null,
  ],
  lower(e, { inputs: [x], attrs: { k, dim, largest } }) {
    const rank = x?.shape.length ?? 1
    const [source = ''] = e.inputs
    if (rank === 0) return [source, e.scalar(0, 'int64')]
    const count = e.op('Reshape', [sizeNode(e, k), e.ints([1])])
    const attrs = { axis: normalizeDim('aten.topk', dim, rank), largest: largest ? 1 : 0, sorted: 1 }
    return e.ops('TopK', [source, count], [true, true], attrs)
  },
})

type SortAttributes = { readonly dim: number; readonly descending: boolean }

/** Values along a dimension in order, and the places they had; equal ones keep theirs. */
export const sort: Operation<SortAttributes> = defineComposite({
  name: 'aten.sort',
  compose(inputs, { dim, descending }) {
    const x = valueAt('aten.sort', inputs, 0)
    const k = x.shape[normalizeDim('aten.sort', dim, x.shape.length)] ?? 1
    return emitAll(topk, [x], { k, dim, largest: descending, sorted: true })
  },
})

/** The places that values along a dimension have when they are in order. */
export const argsort: Operation<SortAttributes> = defineComposite({
  name: 'aten.argsort',
  gradient: 'none',
  compose: (inputs, attrs) => emitAll(sort, [valueAt('aten.argsort', inputs, 0)], attrs).slice(1),
})
