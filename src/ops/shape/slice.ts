import { addDims, type Dim, type Dims, floorDivDims, formatDims, mulDims, subDims } from '../../ir/dim.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { reshaped } from './reshape.ts'

/** No dimension is longer: an end from here on stands for the dimension's own. */
const LAST = Number.MAX_SAFE_INTEGER

/** Where a slice starts and ends: negative positions count from the end, null is the dimension's own, and too large ones are cut. */
export type SliceAttributes = {
  readonly dim: number
  readonly start: Dim | null
  readonly end: Dim | null
  readonly step: number
}

/** Every `step`-th position from `start` up to `end`, excluded. A fixed position in a symbolic size is taken to be within it. */
export const slice: Operation<SliceAttributes> = defineOp({
  name: 'aten.slice',
  infer(inputs, attrs) {
    const { shape, dtype } = inputAt('aten.slice', inputs, 0)
    const axis = normalizeDim('aten.slice', attrs.dim, shape.length)
    if (!Number.isInteger(attrs.step) || attrs.step < 1) {
      throw new RangeError(`Cannot record "aten.slice": expected a step of at least 1, got ${attrs.step}`)
    }
    const size = shape[axis]
    if (size === undefined) {
      throw new ShapeError('Cannot record "aten.slice": expected at least one dimension, got a scalar')
    }
    return [{ shape: shape.with(axis, sliceLength(size, attrs)), dtype }]
  },
  gradient: ({ inputs: [x], gradients: [g], attrs }) => [
    x && g ? emit(sliceGradient, [g], { ...attrs, size: x.shape }) : null,
  ],
  lower(e, { inputs: [x], attrs: { dim, start, end, step } }) {
    const axis = normalizeDim('aten.slice', dim, x?.shape.length ?? 1)
    const at = (position: Dim) =>
      typeof position === 'number' ? e.ints([Math.min(position, LAST)]) : e.shape([position])
    return [
      e.op('Slice', [e.inputs[0] ?? '', at(start ?? 0), at(end ?? LAST), e.ints([axis]), e.ints([step])]),
    ]
  },
  mil(e, { attrs: { dim, start, end, step } }) {
    const x = e.input(0)
    const axis = normalizeDim('aten.slice', dim, x.shape.length)
    const at = (position: Dim) =>
      typeof position === 'number' ? position : e.refuse('a known position', String(position))
    const [first, last] = [at(start ?? 0), at(end ?? LAST)]
    const only = <T>(value: T, others: T) => x.shape.map((_, i) => (i === axis ? value : others))
    const args = {
      begin: only(first, 0),
      end: only(last >= LAST ? 0 : last, 0),
      stride: only(step, 1),
      begin_mask: only(false, true),
      end_mask: only(last >= LAST, true),
    }
    return [e.op('slice_by_index', { x, ...args })]
  },
  quantization: { passThrough: 'rankPreserving' },
})

/** Zeros of shape `size` with the input in the place that the slice of the same attributes takes: a slice's adjoint. */
export const sliceGradient: Operation<SliceAttributes & { readonly size: Dims }> = defineOp({
  name: 'lowbit.slice_gradient',
  infer(inputs, { size }) {
    return [{ shape: size, dtype: inputAt('lowbit.slice_gradient', inputs, 0).dtype }]
  },
  gradient: ({ gradients: [g], attrs: { dim, start, end, step } }) => [
    g ? emit(slice, [g], { dim, start, end, step }) : null,
  ],
  lower(e, { inputs: [g], attrs }) {
    const shape = g?.shape ?? []
    const axis = normalizeDim('aten.slice', attrs.dim, shape.length)
    const { start } = boundsOf(attrs.size[axis] ?? 1, attrs)
    const [name, length] = spread(e.inputs[0] ?? '')
    const after = subDims(subDims(attrs.size[axis] ?? 1, start), length)
    return [e.op('Pad', [name, e.shape([start, after]), '', e.ints([axis])])]

    /** With zeros after each position, so that they stand `step` apart. */
    function spread(input: string): [string, Dim] {
      const { step } = attrs
      const count = shape[axis] ?? 1
      if (step === 1) return [input, count]
      const raised = e.op('Unsqueeze', [input, e.ints([axis + 1])])
      const padded = e.op('Pad', [raised, e.ints([0, step - 1]), '', e.ints([axis + 1])])
      const length = mulDims(count, step)
      return [e.op('Reshape', [padded, e.shape(shape.with(axis, length))]), length]
    }
  },
})

/** One position of a dimension, which is dropped. */
export const select: Operation<{ readonly dim: number; readonly index: number }> = defineOp({
  name: 'aten.select',
  infer(inputs, { dim, index }) {
    const type = inputAt('aten.select', inputs, 0)
    const axis = normalizeDim('aten.select', dim, type.shape.length)
    const size = type.shape[axis] ?? 0
    if (!Number.isInteger(index) || (typeof size === 'number' && (index < -size || index >= size))) {
      throw new RangeError(
        `Cannot record "aten.select": expected an index within dimension ${axis} of ${formatType(type)}, got ${index}`,
      )
    }
    return [{ shape: type.shape.toSpliced(axis, 1), dtype: type.dtype }]
  },
  gradient({ inputs: [x], gradients: [g], attrs: { dim, index } }) {
    if (!x || !g) return [null]
    const axis = normalizeDim('aten.select', dim, x.shape.length)
    const end = index === -1 ? null : index + 1
    return [
      emit(sliceGradient, [reshaped(g, x.shape.with(axis, 1))], {
        dim,
        start: index,
        end,
        step: 1,
        size: x.shape,
      }),
    ]
  },
  lower(e, { inputs: [x], attrs: { dim, index } }) {
    const axis = normalizeDim('aten.select', dim, x?.shape.length ?? 1)
    return [e.op('Gather', [e.inputs[0] ?? '', e.scalar(index, 'int64')], { axis })]
  },
  mil(e, { attrs: { dim, index } }) {
    const x = e.input(0)
    const axis = normalizeDim('aten.select', dim, x.shape.length)
    const only = <T>(value: T, others: T) => x.shape.map((_, i) => (i === axis ? value : others))
    const args = {
      begin: only(index, 0),
      end: only(index + 1, 0),
      begin_mask: only(false, true),
      end_mask: only(index === -1, true),
      squeeze_mask: only(true, false),
    }
    return [e.op('slice_by_index', { x, ...args })]
  },
  quantization: { passThrough: 'rankChanging' },
})

function sliceLength(size: Dim, attrs: SliceAttributes): Dim {
  const { start, end } = boundsOf(size, attrs)
  const length = floorDivDims(addDims(subDims(end, start), attrs.step - 1), attrs.step)
  if (typeof length !== 'number' || length >= 0) return length
  if (typeof size === 'number') return 0
  throw new ShapeError(
    `Cannot record "aten.slice": expected an end after the start, got ${formatDims([start, end])}`,
  )
}

/** Start and end counted from the front and, as far as they are known, cut to the dimension. */
function boundsOf(size: Dim, { start, end }: SliceAttributes): { start: Dim; end: Dim } {
  return { start: position(size, start ?? 0), end: position(size, end ?? size) }
}

function position(size: Dim, at: Dim): Dim {
  if (typeof at !== 'number') return at
  if (at >= LAST) return size
  if (typeof size !== 'number') return at < 0 ? addDims(size, at) : at
  return Math.min(Math.max(at < 0 ? at + size : at, 0), size)
}
