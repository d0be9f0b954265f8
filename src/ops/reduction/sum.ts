import { type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import { emit, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDims } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'

/** `dim` null or empty: over all dimensions. */
export type ReduceAttributes = { readonly dim: readonly number[] | null; readonly keepdim: boolean }

/** Sum over dimensions; integers and bools add up as int64. */
export const sum: Operation<ReduceAttributes> = defineOp({
  name: 'aten.sum',
  infer(inputs, attrs) {
    const { shape, dtype } = inputAt('aten.sum', inputs, 0)
    return [
      {
        shape: reducedDims('aten.sum', shape, attrs),
        dtype: dtypeInfo(dtype).kind === 'float' ? dtype : 'int64',
      },
    ]
  },
  gradient: ({ inputs: [x], gradients: [g], attrs }) => [
    g && x ? expandReduced('aten.sum', g, x.shape, attrs) : null,
  ],
  lower(e, { inputs: [x], outputs: [y], attrs }) {
    const axes = normalizeDims('aten.sum', attrs.dim, x?.shape.length ?? 0)
    const source = x && y && x.dtype !== y.dtype ? e.cast(e.inputs[0] ?? '', y.dtype) : (e.inputs[0] ?? '')
    return [e.op('ReduceSum', [source, e.ints(axes)], { keepdims: attrs.keepdim ? 1 : 0 })]
  },
})

/** Repeats sizes of 1, and adds dimensions in front, up to a shape. -1 keeps a size. */
export const expand: Operation<{ readonly size: Dims }> = defineOp({
  name: 'aten.expand',
  infer(inputs, { size }) {
    const { shape, dtype } = inputAt('aten.expand', inputs, 0)
    const added = size.length - shape.length
    const fits = (dim: Dims[number], i: number) =>
      dim === -1 || i < added || shape[i - added] === 1 || dimsEqual(shape[i - added] ?? 1, dim)
    if (added < 0 || !size.every(fits)) {
      throw new ShapeError(
        `Cannot record "aten.expand": expected a size that ${formatDims(shape)} expands to, got ${formatDims(size)}`,
      )
    }
    return [{ shape: size.map((dim, i) => (dim === -1 ? (shape[i - added] ?? 1) : dim)), dtype }]
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? sumTo(g, x.shape) : null],
  lower: (e, { outputs: [y] }) => [e.op('Expand', [e.inputs[0] ?? '', e.shape(y?.shape ?? [])])],
  quantization: { passThrough: 'rankChanging' },
})

/** Shape after a reduction. */
export function reducedDims(op: string, shape: Dims, { dim, keepdim }: ReduceAttributes): Dims {
  const axes = new Set(normalizeDims(op, dim, shape.length))
  if (keepdim) return shape.map((size, i) => (axes.has(i) ? 1 : size))
  return shape.filter((_, i) => !axes.has(i))
}

/** Spreads a reduced value over the shape that was reduced: the adjoint of a sum. */
export function expandReduced(op: string, value: Value, shape: Dims, attrs: ReduceAttributes): Value {
  const kept = reshaped(value, reducedDims(op, shape, { ...attrs, keepdim: true }))
  return emit(expand, [kept], { size: shape })
}

/** Sums a value over the dimensions that broadcasting added or repeated to get from `shape` to its own: the adjoint of broadcasting. */
export function sumTo(value: Value, shape: Dims): Value {
  const added = value.shape.length - shape.length
  const dim = value.shape.flatMap((size, i) =>
    i < added || (shape[i - added] === 1 && size !== 1) ? [i] : [],
  )
  if (dim.length === 0) return reshaped(value, shape)
  return reshaped(emit(sum, [value], { dim, keepdim: true }), shape)
}
