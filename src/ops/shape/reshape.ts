import { type Dims, divideExactly, formatDims, mulDims, sizeOfDims, dimsEqual } from '../../ir/dim.ts'
import { emit, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** `shape` may hold one -1, which is worked out from the number of elements. */
type ReshapeAttributes = { readonly shape: Dims }

/** The same elements in row-major order under another shape. */
export const reshape: Operation<ReshapeAttributes> = defineOp({
  name: 'aten.reshape',
  infer(inputs, { shape }) {
    const { shape: from, dtype } = inputAt('aten.reshape', inputs, 0)
    return [{ shape: resolveShape('aten.reshape', from, shape), dtype }]
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(reshape, [g], { shape: x.shape }) : null],
  lower: (e, { outputs: [y] }) => [e.op('Reshape', [e.inputs[0] ?? '', e.shape(y?.shape ?? [])])],
  quantization: { passThrough: 'rankChanging' },
})

/** The value under another shape; itself where the shape is the same. */
export function reshaped(value: Value, shape: Dims): Value {
  if (value.shape.length === shape.length && value.shape.every((dim, i) => dimsEqual(dim, shape[i] ?? 0))) return value
  return emit(reshape, [value], { shape })
}

/**
 * A requested shape with its -1 worked out.
 * @throws ShapeError when the numbers of elements differ
 */
export function resolveShape(op: string, from: Dims, to: Dims): Dims {
  const known = to.reduce((product, dim) => (dim === -1 ? product : mulDims(product, dim)), 1 as Dims[number])
  const total = sizeOfDims(from)
  const fail = () =>
    new ShapeError(`Cannot record "${op}": expected a shape with ${total} elements, got ${formatDims(to)} for ${formatDims(from)}`)
  const open = to.indexOf(-1)
  if (open < 0) {
    if (dimsEqual(known, total)) return to
    throw fail()
  }
  const missing = divideExactly(total, known)
  if (missing === undefined) throw fail()
  return to.map((dim, i) => (i === open ? missing : dim))
}
