import { type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
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
    const reduced = new Set(normalizeDims('aten.sum', attrs.dim, x?.shape.length ?? 0))
    // Sizes of 1 behind a reduced dimension make ONNX Runtime's sum many times slower, unless they are reduced as well.
    const axes = (x?.shape ?? []).flatMap((size, i) =>
      reduced.has(i) || (attrs.keepdim && size === 1) ? [i] : [],
    )
    const source = x && y && x.dtype !== y.dtype ? e.cast(e.inputs[0] ?? '', y.dtype) : (e.inputs[0] ?? '')
    return [e.op('ReduceSum', [source, e.ints(axes)], { keepdims: attrs.keepdim ? 1 : 0 })]
  },
  mil: (e, { attrs }) => [milReduced(e, 'reduce_sum', attrs)],
})

/** Copies of a last dimension of size 1 that are joined; with more of them nothing is gained. */
const MAX_JOINED = 8

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
  lower(e, { inputs: [x], outputs: [y] }) {
    const [input = ''] = e.inputs
    const { shape = [] } = y ?? {}
    const copies = shape.at(-1)
    // ONNX Runtime's Expand copies single elements many times slower than it joins them.
    const joins =
      typeof copies === 'number' &&
      copies > 1 &&
      copies <= MAX_JOINED &&
      x?.shape.length === shape.length &&
      x.shape.every((dim, i) => dimsEqual(dim, i === shape.length - 1 ? 1 : (shape[i] ?? 1)))
    if (joins) return [e.op('Concat', new Array<string>(copies).fill(input), { axis: shape.length - 1 })]
    return [e.op('Expand', [input, e.shape(shape)])]
  },
  mil(e, { outputs: [y] }) {
    const size = y?.shape ?? []
    const shape = e.input(0).shape
    const ranked = [...size.slice(shape.length).map(() => 1), ...shape]
    const reps = size.map((dim, i) => {
      if (ranked[i] !== 1 || dim === 1) return 1
      return typeof dim === 'number' ? dim : e.refuse('a known size to repeat to', String(dim))
    })
    const x = e.reshape(e.input(0), ranked)
    return [reps.every((count) => count === 1) ? x : e.op('tile', { x, reps })]
  },
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

/** Writes a reduction of the first input in an ML program. */
export function milReduced(e: MilEmitter, type: string, { dim, keepdim }: ReduceAttributes): MilValue {
  const x = e.input(0)
  const axes = normalizeDims(type, dim, x.shape.length)
  return axes.length === 0 ? x : e.op(type, { x, axes, keep_dims: keepdim })
}
