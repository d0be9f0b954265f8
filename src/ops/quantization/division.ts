import { type Dims, divideExactly, formatDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { normalizeDim } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'

/**
 * How qparams belong to a tensor. Without axis: one for all when they are scalars, else one for each block, whose sizes follow from the shapes, which have
 * equal rank. With axis and without block size: a vector along the axis. With both: blocks along the axis alone, every other index on its own.
 */
export type QuantizedDivision = { readonly axis: number | null; readonly blockSize: number | null }

/** A node, or what stands for one, of which the inputs after the first are qparams. */
export interface Qualified {
  readonly op: Pick<Operation, 'name'>
  readonly inputs: readonly (TensorType | null)[]
  readonly attrs: QuantizedDivision
}

/** @throws ShapeError when qparams of a shape do not belong to a tensor in the given way */
export function checkDivision(
  op: string,
  shape: Dims,
  scale: Dims,
  { axis, blockSize }: QuantizedDivision,
): void {
  const at = axis === null ? null : normalizeDim(op, axis, shape.length)
  const fits =
    at === null
      ? scale.length === 0 ||
        (scale.length === shape.length && scale.every((count, i) => divides(shape[i] ?? 1, count)))
      : blockSize === null
        ? scale.length === 1 && formatDims(scale) === formatDims(shape.slice(at, at + 1))
        : scale.length === shape.length && divides(shape[at] ?? 1, blockSize)
  if (fits) return
  throw new ShapeError(
    `Cannot record "${op}": expected a scale for ${formatDims(shape)}${at === null ? '' : ` along axis ${at}`}, got one of shape ${formatDims(scale)}`,
  )
}

/** ONNX name of the `index`-th input, which is given like a scale, in a shape that broadcasts with the tensor. */
export function spread(e: Emitter, { op, inputs, attrs: { axis } }: Qualified, index: number): string {
  const name = e.inputs[index] ?? ''
  const given = inputs[index]?.shape ?? []
  const shape = inputs[0]?.shape ?? []
  if (given.length === 0) return name
  if (axis !== null && given.length === 1) {
    const at = normalizeDim(op.name, axis, shape.length)
    return reshapeNode(
      e,
      name,
      given,
      shape.map((_, i) => (i === at ? (given[0] ?? 1) : 1)),
    )
  }
  return repeated(e, name, given, shape)
}

/** Repeats each entry over its block, so that the shapes are equal where an axis has several blocks. */
function repeated(e: Emitter, name: string, given: Dims, shape: Dims): string {
  const isSplit = (i: number) => given[i] !== 1 && given[i] !== shape[i]
  if (!given.some((_, i) => isSplit(i))) return name
  const apart = given.flatMap((count, i) => (isSplit(i) ? [count, 1] : [count]))
  const wide = given.flatMap((count, i) =>
    isSplit(i) ? [count, divideExactly(shape[i] ?? 1, count) ?? 1] : [count],
  )
  const whole = given.map((count, i) => (isSplit(i) ? (shape[i] ?? count) : count))
  return reshapeNode(e, e.op('Expand', [reshapeNode(e, name, given, apart), e.shape(wide)]), wide, whole)
}

function divides(size: Dims[number], count: Dims[number]): boolean {
  const quotient = divideExactly(size, count)
  return quotient !== undefined && (typeof quotient !== 'number' || Number.isInteger(quotient))
}
