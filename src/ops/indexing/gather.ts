import { type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { positionsAt } from './index-type.ts'
import { addElements } from './scatter-add.ts'

/** `sparseGrad` is PyTorch's business: gradients here are dense. */
type GatherAttributes = { readonly dim: number; readonly sparseGrad?: boolean }

/** For each place of the index, the element of x in the same place but for `dim`, where the index says which. */
export const gather: Operation<GatherAttributes> = defineOp({
  name: 'aten.gather',
  infer(inputs, { dim }) {
    const x = inputAt('aten.gather', inputs, 0)
    const index = positionsAt('aten.gather', inputs, 1)
    const axis = normalizeDim('aten.gather', dim, x.shape.length)
    const fits = index.shape.every((size, i) => {
      const limit = x.shape[i]
      return i === axis || typeof size !== 'number' || typeof limit !== 'number' || size <= limit
    })
    if (index.shape.length !== x.shape.length || !fits) {
      throw new ShapeError(
        `Cannot record "aten.gather": expected an index within ${formatDims(x.shape)} but for dimension ${axis}, got ${formatDims(index.shape)}`,
      )
    }
    return [{ shape: index.shape, dtype: x.dtype }]
  },
  gradient: ({ inputs: [x, index], gradients: [g], attrs: { dim } }) => [
    x && index && g ? emit(gatherGradient, [g, index], { dim, size: x.shape }) : null,
    null,
  ],
  lower: (e, { inputs: [x], attrs: { dim } }) => [
    e.op('GatherElements', [e.inputs[0] ?? '', e.inputs[1] ?? ''], {
      axis: normalizeDim('aten.gather', dim, x?.shape.length ?? 1),
    }),
  ],
  mil(e, { attrs: { dim } }) {
    const [x, indices] = [e.input(0), e.input(1)]
    const axis = normalizeDim('aten.gather', dim, x.shape.length)
    const fits = indices.shape.every((size, i) => i === axis || dimsEqual(size, x.shape[i] ?? 1))
    if (!fits)
      return e.refuse(
        `an index of ${formatDims(x.shape)} but for dimension ${axis}`,
        formatDims(indices.shape),
      )
    return [e.op('gather_along_axis', { x, indices, axis, validate_indices: false })]
  },
})

/** Zeros of shape `size` with each element of the first input added where `gather` of the second took it from. */
export const gatherGradient: Operation<{ readonly dim: number; readonly size: Dims }> = defineOp({
  name: 'lowbit.gather_gradient',
  infer: (inputs, { size }) => [{ shape: size, dtype: inputAt('lowbit.gather_gradient', inputs, 0).dtype }],
  gradient: ({ inputs: [, index], gradients: [g], attrs: { dim } }) => [
    g && index ? emit(gather, [g, index], { dim }) : null,
    null,
  ],
  lower(e, { attrs: { dim, size } }) {
    const [updates = '', index = ''] = e.inputs
    return [addElements(e, index, updates, size, normalizeDim('aten.gather', dim, size.length))]
  },
})
