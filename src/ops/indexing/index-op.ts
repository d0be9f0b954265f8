import { type Dim, type Dims, mulDims, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { broadcastDims, inputAt } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { sizeNode } from '../size-node.ts'
import { positionsAt } from './index-type.ts'
import { addRows } from './scatter-add.ts'

const OP = 'aten.index'

/**
 * Elements at positions: inputs x and, for each dimension of x from the first, a tensor of positions or null for all of them. The
 * tensors of positions broadcast. Their dimensions come where the indexed ones stood if these are neighbours, else in front.
 */
export const index: Operation<NoAttributes> = defineOp({
  name: OP,
  infer(inputs) {
    const x = inputAt(OP, inputs, 0)
    if (inputs.length - 1 > x.shape.length) {
      throw new ShapeError(
        `Cannot record "${OP}": expected positions for at most ${x.shape.length} dimensions, got ${inputs.length - 1} for ${formatType(x)}`,
      )
    }
    for (const [i, type] of inputs.entries()) if (i > 0 && type !== null) positionsAt(OP, inputs, i)
    const { before, positions, after } = planOf(x.shape, inputs.slice(1))
    return [{ shape: [...before, ...positions, ...after], dtype: x.dtype }]
  },
  gradient({ inputs: [x, ...positions], gradients: [g] }) {
    if (!x || !g) return [null]
    return [emit(indexGradient, [g, ...positions], { size: x.shape }), ...positions.map(() => null)]
  },
  lower(e, { inputs: [x, ...positions] }) {
    const [data = '', ...names] = e.inputs
    const shape = x?.shape ?? []
    const plan = planOf(shape, positions)
    if (plan.indexed.length === 0) return [data]
    const ordered = plan.order === null ? data : e.op('Transpose', [data], { perm: plan.order })
    const from = plan.order === null ? shape : plan.order.map((axis) => shape[axis] ?? 1)
    const merged = reshapeNode(e, ordered, from, mergedShape(plan))
    return [e.op('Gather', [merged, positionNode(e, plan, names)], { axis: plan.before.length })]
  },
  mil(e, { inputs: [x, ...positions] }) {
    const { indexed, before } = planOf(x?.shape ?? [], positions)
    const [only] = indexed
    if (only === undefined) return [e.input(0)]
    if (indexed.length > 1) return e.refuse('positions in one dimension', `positions in ${indexed.length}`)
    const args = {
      indices: e.input(only.axis + 1),
      axis: before.length,
      batch_dims: 0,
      validate_indices: false,
    }
    return [e.op('gather', { x: e.input(0), ...args })]
  },
})

/** Zeros of shape `size` with the first input added to the places that the other inputs say: the adjoint of `aten.index`. */
export const indexGradient: Operation<{ readonly size: Dims }> = defineOp({
  name: 'lowbit.index_gradient',
  infer: (inputs, { size }) => [{ shape: size, dtype: inputAt('lowbit.index_gradient', inputs, 0).dtype }],
  gradient: ({ inputs: [, ...positions], gradients: [g] }) => [g ? emit(index, [g, ...positions], {}) : null],
  lower(e, { inputs: [g, ...positions], attrs: { size } }) {
    const [rows = '', ...names] = e.inputs
    const plan = planOf(size, positions)
    if (plan.indexed.length === 0) return [rows]
    const added = addRows(e, {
      rows,
      rowsShape: g?.shape ?? [],
      positions: positionNode(e, plan, names),
      positionsShape: plan.positions,
      size: mergedShape(plan),
      axis: plan.before.length,
    })
    const { order } = plan
    if (order === null) return [reshapeNode(e, added, mergedShape(plan), size)]
    const ordered = reshapeNode(
      e,
      added,
      mergedShape(plan),
      order.map((axis) => size[axis] ?? 1),
    )
    return [e.op('Transpose', [ordered], { perm: order.map((_, axis) => order.indexOf(axis)) })]
  },
})

/** How positions are applied. */
interface IndexPlan {
  /** Indexed dimensions, in order, with their sizes. */
  readonly indexed: readonly { readonly axis: number; readonly size: Dim }[]
  /** Order of the dimensions that brings the indexed ones to the front; null where they are neighbours already. */
  readonly order: readonly number[] | null
  /** Sizes before the indexed dimensions, of the positions, and after the indexed dimensions. */
  readonly before: Dims
  readonly positions: Dims
  readonly after: Dims
}

function planOf(shape: Dims, positions: readonly (TensorType | null)[]): IndexPlan {
  const indexed = positions.flatMap((type, axis) => (type === null ? [] : [{ axis, size: shape[axis] ?? 1 }]))
  const broadcast = positions.reduce<Dims>(
    (dims, type) => (type ? broadcastDims(OP, dims, type.shape) : dims),
    [],
  )
  const axes = indexed.map(({ axis }) => axis)
  const [first = 0] = axes
  const last = axes.at(-1) ?? -1
  if (last - first + 1 === axes.length) {
    return {
      indexed,
      order: null,
      before: shape.slice(0, first),
      positions: broadcast,
      after: shape.slice(last + 1),
    }
  }
  const rest = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const after = rest.map((axis) => shape[axis] ?? 1)
  return { indexed, order: [...axes, ...rest], before: [], positions: broadcast, after }
}

/** The shape with the indexed dimensions merged into one. */
function mergedShape({ indexed, before, after }: IndexPlan): Dims {
  return [...before, sizeOfDims(indexed.map(({ size }) => size)), ...after]
}

/** Writes positions in the merged dimension. Gather from 0, 1, 2, ... checks the range of each part, and counts negative ones from the end. */
function positionNode(e: Emitter, { indexed }: IndexPlan, names: readonly string[]): string {
  const [only] = indexed
  if (only !== undefined && indexed.length === 1) return names[only.axis] ?? ''
  let stride: Dim = 1
  let total = ''
  for (const { axis, size } of indexed.toReversed()) {
    const checked = e.op('Gather', [countTo(e, size), names[axis] ?? ''])
    const scaled = stride === 1 ? checked : e.op('Mul', [checked, sizeNode(e, stride)])
    total = total === '' ? scaled : e.op('Add', [scaled, total])
    stride = mulDims(stride, size)
  }
  return total
}

function countTo(e: Emitter, size: Dim): string {
  if (typeof size === 'number') {
    return e.constant(
      fromValues(
        'int64',
        [size],
        Array.from({ length: size }, (_, i) => i),
      ),
    )
  }
  return e.op('Range', [e.scalar(0, 'int64'), sizeNode(e, size), e.scalar(1, 'int64')])
}
