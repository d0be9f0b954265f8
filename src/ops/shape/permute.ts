import { type Dims, formatDims } from '../../ir/dim.ts'
import { emit } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt, normalizeDim, rankedAt } from '../inference.ts'

/** Reorders the dimensions: dimension i of the result is dimension `dims[i]` of the input. */
export const permute: Operation<{ readonly dims: readonly number[] }> = defineOp({
  name: 'aten.permute',
  infer(inputs, { dims }) {
    const type = inputAt('aten.permute', inputs, 0)
    return [permuted(type, permutationOf(type.shape, dims))]
  },
  gradient({ inputs: [x], gradients: [g], attrs: { dims } }) {
    if (!x || !g) return [null]
    const order = permutationOf(x.shape, dims)
    return [emit(permute, [g], { dims: order.map((_, axis) => order.indexOf(axis)) })]
  },
  lower: (e, { inputs: [x], attrs: { dims } }) => [
    e.op('Transpose', [e.inputs[0] ?? ''], { perm: permutationOf(x?.shape ?? [], dims) }),
  ],
  mil: (e, { attrs: { dims } }) => [
    e.op('transpose', { x: e.input(0), perm: permutationOf(e.input(0).shape, dims) }),
  ],
  quantization: { passThrough: 'rankPreserving' },
})

/** Swaps two dimensions. */
export const transpose: Operation<{ readonly dim0: number; readonly dim1: number }> = defineOp({
  name: 'aten.transpose',
  infer(inputs, { dim0, dim1 }) {
    const type = inputAt('aten.transpose', inputs, 0)
    return [permuted(type, swap('aten.transpose', type.shape.length, dim0, dim1))]
  },
  gradient: ({ gradients: [g], attrs }) => [g ? emit(transpose, [g], attrs) : null],
  lower(e, { inputs: [x], attrs: { dim0, dim1 } }) {
    const perm = swap('aten.transpose', x?.shape.length ?? 0, dim0, dim1)
    return [e.op('Transpose', [e.inputs[0] ?? ''], { perm })]
  },
  mil(e, { attrs: { dim0, dim1 } }) {
    const x = e.input(0)
    return [e.op('transpose', { x, perm: swap('aten.transpose', x.shape.length, dim0, dim1) })]
  },
  quantization: { passThrough: 'rankPreserving' },
})

/** Transposes a matrix; a vector or a scalar stays as it is. */
export const t: Operation<NoAttributes> = defineOp({
  name: 'aten.t',
  infer(inputs) {
    const type = rankedAt('aten.t', inputs, 0, 0, 1, 2)
    return [{ shape: type.shape.toReversed(), dtype: type.dtype }]
  },
  gradient: ({ gradients: [g] }) => [g ? emit(t, [g], {}) : null],
  lower(e, { inputs: [x] }) {
    const [name = ''] = e.inputs
    return [x?.shape.length === 2 ? e.op('Transpose', [name], { perm: [1, 0] }) : name]
  },
  mil: (e) => [
    e.input(0).shape.length === 2 ? e.op('transpose', { x: e.input(0), perm: [1, 0] }) : e.input(0),
  ],
  quantization: { passThrough: 'rankPreserving' },
})

function permuted({ shape, dtype }: TensorType, order: readonly number[]): TensorType {
  return { shape: order.map((axis) => shape[axis] ?? 1), dtype }
}

/** @throws RangeError when `dims` does not name each dimension of the shape once */
function permutationOf(shape: Dims, dims: readonly number[]): number[] {
  const order = dims.map((dim) => normalizeDim('aten.permute', dim, shape.length))
  if (order.length === shape.length && new Set(order).size === shape.length) return order
  throw new RangeError(
    `Cannot record "aten.permute": expected dims that name each dimension of ${formatDims(shape)} once, got [${dims.join(', ')}]`,
  )
}

function swap(op: string, rank: number, dim0: number, dim1: number): number[] {
  const a = normalizeDim(op, dim0, rank)
  const b = normalizeDim(op, dim1, rank)
  return Array.from({ length: rank }, (_, i) => (i === a ? b : i === b ? a : i))
}
