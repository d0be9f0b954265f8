import { type Dim, type Dims, divideExactly } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { joinGradients, milPieces, pieces } from './cat.ts'

/** Cuts a dimension into pieces of one size; the last is smaller where the size does not divide it. */
export const split: Operation<{ readonly splitSize: Dim; readonly dim: number }> = defineOp({
  name: 'aten.split',
  infer(inputs, { splitSize, dim }) {
    const type = inputAt('aten.split', inputs, 0)
    const axis = normalizeDim('aten.split', dim, type.shape.length)
    return pieces(type, axis, sizesOf('aten.split', type, axis, splitSize))
  },
  gradient: ({ outputs, gradients, attrs: { dim } }) => [joinGradients(outputs, gradients, dim)],
  lower: (e, { outputs, attrs: { dim } }) => splitNodes(e, outputs, dim),
  mil: (e, { outputs, attrs: { dim } }) => milPieces(e, outputs, dim),
})

/** Cuts a dimension into at most `chunks` pieces of one size; the last may be smaller. */
export const chunk: Operation<{ readonly chunks: number; readonly dim: number }> = defineOp({
  name: 'aten.chunk',
  infer(inputs, { chunks, dim }) {
    if (!Number.isInteger(chunks) || chunks < 1) {
      throw new RangeError(`Cannot record "aten.chunk": expected chunks of at least 1, got ${chunks}`)
    }
    const type = inputAt('aten.chunk', inputs, 0)
    const axis = normalizeDim('aten.chunk', dim, type.shape.length)
    const total = type.shape[axis] ?? 1
    if (typeof total === 'number') {
      if (total === 0) return Array.from({ length: chunks }, () => type)
      return pieces(type, axis, sizesOf('aten.chunk', type, axis, Math.ceil(total / chunks)))
    }
    const size = divideExactly(total, chunks)
    if (size === undefined) throw unclear('aten.chunk', type, axis, `${chunks} chunks`)
    return pieces(type, axis, new Array<Dim>(chunks).fill(size))
  },
  gradient: ({ outputs, gradients, attrs: { dim } }) => [joinGradients(outputs, gradients, dim)],
  lower: (e, { outputs, attrs: { dim } }) => splitNodes(e, outputs, dim),
  mil: (e, { outputs, attrs: { dim } }) => milPieces(e, outputs, dim),
})

function splitNodes(e: Emitter, outputs: readonly TensorType[], dim: number): readonly string[] {
  const [input = ''] = e.inputs
  if (outputs.length === 1) return [input]
  const axis = normalizeDim('Split', dim, outputs[0]?.shape.length ?? 1)
  const sizes = outputs.map(({ shape }) => shape[axis] ?? 0)
  return e.ops(
    'Split',
    [input, e.shape(sizes)],
    outputs.map(() => true),
    { axis },
  )
}

/** @throws ShapeError where the number of pieces depends on a symbol */
function sizesOf(op: string, type: TensorType, axis: number, size: Dim): Dims {
  const total = type.shape[axis] ?? 1
  if (typeof size === 'number' && !(size > 0)) {
    throw new RangeError(`Cannot record "${op}": expected pieces of at least one element, got ${size}`)
  }
  if (typeof total === 'number' && typeof size === 'number') {
    const count = Math.max(1, Math.ceil(total / size))
    return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size))
  }
  const count = divideExactly(total, size)
  if (typeof count !== 'number') throw unclear(op, type, axis, `pieces of ${size}`)
  return new Array<Dim>(count).fill(size)
}

function unclear(op: string, type: TensorType, axis: number, pieces: string): ShapeError {
  return new ShapeError(
    `Cannot record "${op}": expected a dimension that divides into ${pieces}, got dimension ${axis} of ${formatType(type)}`,
  )
}
