import { formatDims, sameDims } from '../../ir/dim.ts'
import { emitAll } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'
import { splitWithSizes } from './cat.ts'
import { reshaped } from './reshape.ts'

/** Joins tensors of one shape along a new dimension, which counts in the result. */
export const stack: Operation<{ readonly dim: number }> = defineOp({
  name: 'aten.stack',
  infer(inputs, { dim }) {
    const first = inputAt('aten.stack', inputs, 0)
    for (let i = 1; i < inputs.length; i++) {
      const { shape, dtype } = inputAt('aten.stack', inputs, i)
      if (dtype !== first.dtype) {
        throw new TypeError(
          `Cannot record "aten.stack": expected tensors of one dtype, got ${first.dtype} and ${dtype}`,
        )
      }
      if (!sameDims(shape, first.shape)) {
        throw new ShapeError(
          `Cannot record "aten.stack": expected tensors of one shape, got ${formatDims(first.shape)} and ${formatDims(shape)}`,
        )
      }
    }
    const axis = normalizeDim('aten.stack', dim, first.shape.length + 1)
    return [{ shape: first.shape.toSpliced(axis, 0, inputs.length), dtype: first.dtype }]
  },
  gradient({ inputs, gradients: [g], attrs: { dim } }) {
    if (!g) return inputs.map(() => null)
    const parts = emitAll(splitWithSizes, [g], { splitSizes: inputs.map(() => 1), dim })
    return inputs.map((input, i) => (input ? reshaped(parts[i] ?? g, input.shape) : null))
  },
  lower(e, { outputs: [y], attrs: { dim } }) {
    const axis = normalizeDim('aten.stack', dim, y?.shape.length ?? 1)
    const raised = e.inputs.map((name) => e.op('Unsqueeze', [name, e.ints([axis])]))
    return [e.op('Concat', raised, { axis })]
  },
  mil(e, { outputs: [y], attrs: { dim } }) {
    const axis = normalizeDim('aten.stack', dim, y?.shape.length ?? 1)
    return [e.op('stack', { values: e.inputs.map((_, i) => e.input(i)), axis })]
  },
})
