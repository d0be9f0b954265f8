import { type Dims, formatDims, sizeOfDims } from '../../ir/dim.ts'
import type { Value } from '../../ir/node.ts'
import type { GradientCall, Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { lowerToReshape, milReshape, reshaped, resolveShape } from './reshape.ts'

/** The same elements in row-major order under another shape; `size` may hold one -1. */
export const view: Operation<{ readonly size: Dims }> = defineOp({
  name: 'aten.view',
  infer(inputs, { size }) {
    const { shape, dtype } = inputAt('aten.view', inputs, 0)
    return [{ shape: resolveShape('aten.view', shape, size), dtype }]
  },
  gradient: reshapedGradient,
  lower: lowerToReshape,
  mil: milReshape,
  quantization: { passThrough: 'rankChanging' },
})

/** Merges the dimensions `startDim` to `endDim`, both included, into one; a scalar becomes a vector of one. */
export const flatten: Operation<{ readonly startDim: number; readonly endDim: number }> = defineOp({
  name: 'aten.flatten',
  infer(inputs, { startDim, endDim }) {
    const { shape, dtype } = inputAt('aten.flatten', inputs, 0)
    const start = normalizeDim('aten.flatten', startDim, shape.length)
    const end = normalizeDim('aten.flatten', endDim, shape.length)
    if (start > end) {
      throw new RangeError(
        `Cannot record "aten.flatten": expected startDim not to come after endDim, got ${startDim} and ${endDim} for ${formatDims(shape)}`,
      )
    }
    const merged = sizeOfDims(shape.slice(start, end + 1))
    return [{ shape: [...shape.slice(0, start), merged, ...shape.slice(end + 1)], dtype }]
  },
  gradient: reshapedGradient,
  lower: lowerToReshape,
  mil: milReshape,
  quantization: { sharesObserver: true },
})

/** Splits the dimension `dim` into dimensions of the given sizes, one of which may be -1. */
export const unflatten: Operation<{ readonly dim: number; readonly sizes: Dims }> = defineOp({
  name: 'aten.unflatten',
  infer(inputs, { dim, sizes }) {
    const { shape, dtype } = inputAt('aten.unflatten', inputs, 0)
    const axis = normalizeDim('aten.unflatten', dim, shape.length)
    const split = resolveShape('aten.unflatten', shape.slice(axis, axis + 1), sizes)
    return [{ shape: [...shape.slice(0, axis), ...split, ...shape.slice(axis + 1)], dtype }]
  },
  gradient: reshapedGradient,
  lower: lowerToReshape,
  mil: milReshape,
})

/** Drops the dimensions of size 1 among `dim`, or all of them for null. A dimension of another size stays. */
export const squeeze: Operation<{ readonly dim: readonly number[] | null }> = defineOp({
  name: 'aten.squeeze',
  infer(inputs, { dim }) {
    const { shape, dtype } = inputAt('aten.squeeze', inputs, 0)
    const axes = dim?.map((axis) => normalizeDim('aten.squeeze', axis, shape.length))
    return [{ shape: shape.filter((size, i) => size !== 1 || axes?.includes(i) === false), dtype }]
  },
  gradient: reshapedGradient,
  lower: lowerToReshape,
  mil: milReshape,
  quantization: { passThrough: 'rankChanging' },
})

/** Inserts a dimension of size 1 at `dim`, which counts in the result. */
export const unsqueeze: Operation<{ readonly dim: number }> = defineOp({
  name: 'aten.unsqueeze',
  infer(inputs, { dim }) {
    const { shape, dtype } = inputAt('aten.unsqueeze', inputs, 0)
    const axis = normalizeDim('aten.unsqueeze', dim, shape.length + 1)
    return [{ shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)], dtype }]
  },
  gradient: reshapedGradient,
  lower: lowerToReshape,
  mil: milReshape,
  quantization: { passThrough: 'rankChanging' },
})

function reshapedGradient({
  inputs: [x],
  gradients: [g],
}: Pick<GradientCall, 'inputs' | 'gradients'>): readonly [Value | null] {
  return [x && g ? reshaped(g, x.shape) : null]
}
