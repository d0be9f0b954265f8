import {
  type Dims,
  dimsEqual,
  divideExactly,
  formatDims,
  mulDims,
  sameDims,
  sizeOfDims,
} from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit, type Node, type Value } from '../../ir/node.ts'
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
  lower: lowerToReshape,
  mil: milReshape,
  quantization: { passThrough: 'rankChanging' },
})

/** The value under another shape; itself where the shape is the same. */
export function reshaped(value: Value, shape: Dims): Value {
  return sameDims(value.shape, shape) ? value : emit(reshape, [value], { shape })
}

/** The lowering of every operation that only gives its first input the shape of its output. */
export function lowerToReshape(
  e: Emitter,
  { inputs: [x], outputs: [y] }: Pick<Node, 'inputs' | 'outputs'>,
): readonly [string] {
  return [reshapeNode(e, e.inputs[0] ?? '', x?.shape ?? [], y?.shape ?? [])]
}

/**
 * Writes a Reshape from one shape to another. Symbolic sizes are copied from the same place or left to be worked out where that
 * is enough, so that few shapes have to be computed when the model runs.
 */
export function reshapeNode(e: Emitter, input: string, from: Dims, to: Dims): string {
  if (sameDims(from, to)) return input
  if (to.includes(0)) return e.op('Reshape', [input, e.shape(to)], { allowzero: 1 })
  const sizes = to.map((dim, i) => {
    if (typeof dim === 'number') return dim
    return dimsEqual(from[i] ?? 0, dim) ? 0 : -1
  })
  const isOpen = sizes.filter((size) => size === -1).length > 1
  return e.op('Reshape', [input, isOpen ? e.shape(to) : e.ints(sizes)])
}

/**
 * A requested shape with its -1 worked out.
 * @throws ShapeError when the numbers of elements differ
 */
export function resolveShape(op: string, from: Dims, to: Dims): Dims {
  const known = to.reduce((product, dim) => (dim === -1 ? product : mulDims(product, dim)), 1 as Dims[number])
  const total = sizeOfDims(from)
  const fail = () =>
    new ShapeError(
      `Cannot record "${op}": expected a shape with ${total} elements, got ${formatDims(to)} for ${formatDims(from)}`,
    )
  const open = to.indexOf(-1)
  if (open < 0) {
    if (dimsEqual(known, total)) return to
    throw fail()
  }
  const missing = divideExactly(total, known)
  if (missing === undefined) throw fail()
  return to.map((dim, i) => (i === open ? missing : dim))
}

/** Writes the first input with the dimensions of the output, for an ML program. */
export function milReshape(e: MilEmitter, { outputs: [y] }: Pick<Node, 'outputs'>): readonly [MilValue] {
  return [e.reshape(e.input(0), y?.shape ?? [])]
}
