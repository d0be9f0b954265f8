import { addDims, type Dim, type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit, emitAll, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { full } from '../creation/full.ts'
import { defineOp } from '../define-op.ts'
import { to } from '../elementwise/to.ts'
import { inputAt, normalizeDim, promoteDTypes } from '../inference.ts'

/** Joins tensors along a dimension, in their common dtype. Vectors of no elements are skipped, whatever the rank of the others. */
export const cat: Operation<{ readonly dim: number }> = defineOp({
  name: 'aten.cat',
  infer(inputs, { dim }) {
    const types = inputs.map((_, i) => inputAt('aten.cat', inputs, i))
    const [first = inputAt('aten.cat', inputs, 0), ...others] = types.filter((type) => !isSkipped(type))
    const axis = normalizeDim('aten.cat', dim, first.shape.length)
    for (const type of others) checkJoined(first, type, axis)
    const joined = others.reduce<Dim>(
      (sum, { shape }) => addDims(sum, shape[axis] ?? 0),
      first.shape[axis] ?? 0,
    )
    const dtype = types.map((type) => type.dtype).reduce(promoteDTypes)
    return [{ shape: first.shape.with(axis, joined), dtype }]
  },
  gradient({ inputs, gradients: [g], attrs: { dim } }) {
    if (!g) return inputs.map(() => null)
    const axis = normalizeDim('aten.cat', dim, g.shape.length)
    const sizes = inputs.map((input) => (input === null || isSkipped(input) ? 0 : (input.shape[axis] ?? 0)))
    const parts = emitAll(splitWithSizes, [g], { splitSizes: sizes, dim })
    return inputs.map((input, i) => {
      const part = parts[i]
      if (input === null || part === undefined || isSkipped(input) || !isFloating(input.dtype)) return null
      return part.dtype === input.dtype ? part : emit(to, [part], { dtype: input.dtype })
    })
  },
  lower(e, { inputs, outputs: [y], attrs: { dim } }) {
    const names = e.inputs.flatMap((name, i) => {
      const input = inputs[i] ?? null
      if (isSkipped(input)) return []
      return [input && y && input.dtype !== y.dtype ? e.cast(name, y.dtype) : name]
    })
    if (names.length === 0) return [e.inputs[0] ?? '']
    return [e.op('Concat', names, { axis: normalizeDim('aten.cat', dim, y?.shape.length ?? 1) })]
  },
  mil(e, { inputs, outputs: [y], attrs: { dim } }) {
    const dtype = y?.dtype ?? 'float32'
    const values = inputs.flatMap((input, i) => (isSkipped(input) ? [] : [e.cast(e.input(i), dtype)]))
    if (values.length < 2) return [values[0] ?? e.input(0)]
    return [
      e.op('concat', {
        values,
        axis: normalizeDim('aten.cat', dim, y?.shape.length ?? 1),
        interleave: false,
      }),
    ]
  },
  quantization: { sharesObserver: true },
})

/** Cuts a dimension into pieces of the given sizes. */
export const splitWithSizes: Operation<{ readonly splitSizes: Dims; readonly dim: number }> = defineOp({
  name: 'aten.split_with_sizes',
  infer(inputs, { splitSizes, dim }) {
    const type = inputAt('aten.split_with_sizes', inputs, 0)
    const axis = normalizeDim('aten.split_with_sizes', dim, type.shape.length)
    const total = splitSizes.reduce(addDims, 0)
    if (!dimsEqual(total, type.shape[axis] ?? 0)) {
      throw new ShapeError(
        `Cannot record "aten.split_with_sizes": expected sizes that add up to ${type.shape[axis]}, got ${formatDims(splitSizes)}`,
      )
    }
    return pieces(type, axis, splitSizes)
  },
  gradient: ({ outputs, gradients, attrs: { dim } }) => [joinGradients(outputs, gradients, dim)],
  lower(e, { inputs: [x], outputs, attrs: { splitSizes, dim } }) {
    const axis = normalizeDim('aten.split_with_sizes', dim, x?.shape.length ?? 1)
    if (splitSizes.length === 1) return [e.inputs[0] ?? '']
    const wanted = outputs.map(() => true)
    return e.ops('Split', [e.inputs[0] ?? '', e.shape(splitSizes)], wanted, { axis })
  },
  mil: (e, { outputs, attrs: { dim } }) => milPieces(e, outputs, dim),
})

/** Types of the pieces that a dimension is cut into. */
export function pieces({ shape, dtype }: TensorType, axis: number, sizes: Dims): TensorType[] {
  return sizes.map((size) => ({ shape: shape.with(axis, size), dtype }))
}

/** Gradient of what was cut into pieces; a piece without a gradient counts as zeros. */
export function joinGradients(
  parts: readonly Value[],
  gradients: readonly (Value | null)[],
  dim: number,
): Value {
  const known = parts.map(
    ({ shape, dtype }, i) => gradients[i] ?? emit(full, [], { size: shape, fillValue: 0, dtype }),
  )
  return emit(cat, known, { dim })
}

function isSkipped(type: TensorType | null): boolean {
  return type?.shape.length === 1 && type.shape[0] === 0
}

function checkJoined(first: TensorType, type: TensorType, axis: number): void {
  const fits = (size: Dim, i: number) => i === axis || dimsEqual(size, first.shape[i] ?? 0)
  if (type.shape.length === first.shape.length && type.shape.every(fits)) return
  throw new ShapeError(
    `Cannot record "aten.cat": expected shapes that differ in dimension ${axis} only, got ${formatDims(first.shape)} and ${formatDims(type.shape)}`,
  )
}

/** Writes the first input in pieces along a dimension, for an ML program. */
export function milPieces(e: MilEmitter, outputs: readonly TensorType[], dim: number): readonly MilValue[] {
  const x = e.input(0)
  if (outputs.length === 1) return [x]
  const axis = normalizeDim('aten.split', dim, x.shape.length)
  const sizes = outputs.map(({ shape }) => {
    const size = shape[axis] ?? 1
    return typeof size === 'number' ? size : e.refuse('pieces of known sizes', String(size))
  })
  return e.ops('split', { x, split_sizes: sizes, axis }, outputs)
}
