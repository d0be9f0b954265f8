import { type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { floatingAt } from '../inference.ts'

/** Rows that have been normalized over their last dimensions: the results, and the inverse of each row's deviation. */
export interface NormalizedRows {
  readonly rows: string
  readonly inverseDeviation: string
}

/**
 * The input of a normalization over the last dimensions, once it and its parameters are checked.
 * @throws ShapeError where the input does not end with `normalizedShape`, or a parameter has another shape
 */
export function normalizedInput(
  op: string,
  inputs: readonly (TensorType | null)[],
  normalizedShape: readonly number[],
): TensorType {
  const x = floatingAt(op, inputs, 0)
  const count = normalizedShape.length
  const endsWith = ({ shape }: TensorType) =>
    count > 0 && normalizedShape.every((size, i) => dimsEqual(shape.at(i - count) ?? 0, size))
  if (x.shape.length < count || !endsWith(x)) {
    throw new ShapeError(
      `Cannot record "${op}": expected a shape that ends with ${formatDims(normalizedShape)}, got ${formatType(x)}`,
    )
  }
  for (const type of inputs.slice(1)) {
    if (type === null || (type.shape.length === count && endsWith(type))) continue
    throw new ShapeError(
      `Cannot record "${op}": expected parameters ${formatDims(normalizedShape)}, got ${formatType(type)}`,
    )
  }
  return x
}

/** Writes the gradient of normalized rows as one of the rows before: the part of it that changes mean and deviation falls out. */
export function rowsGradient(
  e: Emitter,
  gradient: string,
  { rows, inverseDeviation }: NormalizedRows,
  axes: readonly number[],
  isCentred: boolean,
): string {
  const average = (value: string) => e.op('ReduceMean', [value, e.ints(axes)])
  const along = e.op('Mul', [rows, average(e.op('Mul', [gradient, rows]))])
  const across = e.op('Sub', [gradient, along])
  const free = isCentred ? e.op('Sub', [across, average(gradient)]) : across
  return e.op('Mul', [free, inverseDeviation])
}

/** The last `count` of `rank` dimensions. */
export function lastAxes(rank: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => rank - count + i)
}

/** Writes a sum over all but the last `count` of `rank` dimensions. */
export function sumOverRows(e: Emitter, value: string, rank: number, count: number): string {
  if (rank === count) return value
  return e.op('ReduceSum', [value, e.ints(lastAxes(rank, rank).slice(0, -count))], { keepdims: 0 })
}

/** Writes float32 ones. */
export function onesNode(e: Emitter, shape: Dims): string {
  if (!shape.every((size) => typeof size === 'number')) return e.op('Expand', [e.scalar(1), e.shape(shape)])
  return e.constant(fromValues('float32', shape, new Float32Array(sizeOf(shape)).fill(1)))
}
