import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType, type Node } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { counterBits, seedAt, unsigned } from '../random/counter-bits.ts'

/** Probability of being dropped, and whether anything is. */
type DropoutAttributes = { readonly p: number; readonly train: boolean }

/** What tells the two kinds apart: the smallest rank that they take, and the shape of what is drawn. */
interface Kind {
  readonly name: string
  readonly minRank: number
  maskOf(shape: Dims): Dims
}

/**
 * In training: zeroes each element with probability p and divides the others by `1 - p`. Which ones depends on the second input only, an int64
 * scalar that seeds the choice: the same seed drops the same elements on every engine. The seed is absent where nothing is random.
 */
export const dropout: Operation<DropoutAttributes> = dropping({
  name: 'aten.dropout',
  minRank: 0,
  maskOf: (shape) => shape,
})

/** Dropout of whole channels: elements of [N, C, ...] that share n and c go together. */
export const featureDropout: Operation<DropoutAttributes> = dropping({
  name: 'aten.feature_dropout',
  minRank: 2,
  maskOf: (shape) => shape.map((dim, i) => (i < 2 ? dim : 1)),
})

/** Both are linear in x, and their own adjoints. */
function dropping(kind: Kind): Operation<DropoutAttributes> {
  const op: Operation<DropoutAttributes> = defineOp({
    name: kind.name,
    infer: (inputs, attrs) => [inferDropout(kind, inputs, attrs)],
    gradient: ({ inputs: [, seed], gradients: [g], attrs }) => [
      g ? emit(op, [g, seed ?? null], attrs) : null,
    ],
    lower: (e, node) => [lowerDropout(e, node, kind.maskOf(node.inputs[0]?.shape ?? []))],
    mil: (e) => [e.input(0)],
    quantization: { passThrough: 'rankPreserving' },
  })
  return op
}

function inferDropout(
  { name, minRank }: Kind,
  inputs: readonly (TensorType | null)[],
  { p, train }: DropoutAttributes,
): TensorType {
  const x = floatingAt(name, inputs, 0)
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot record "${name}": expected p in [0, 1], got ${p}`)
  if (x.shape.length < minRank) {
    throw new ShapeError(`Cannot record "${name}": expected at least [N, C], got ${formatType(x)}`)
  }
  if (train && p > 0 && p < 1) seedAt(name, inputs, 1)
  return x
}

function lowerDropout(e: Emitter, { attrs: { p, train } }: Node<DropoutAttributes>, mask: Dims): string {
  const [x = '', seed = ''] = e.inputs
  if (!train || p === 0) return x
  if (p === 1) return e.op('Mul', [x, e.scalar(0)])
  const kept = e.op('GreaterOrEqual', [counterBits(e, mask, seed), unsigned(e, Math.round(p * 2 ** 24))])
  return e.op('Mul', [e.op('Mul', [x, e.cast(kept, 'float32')]), e.scalar(1 / (1 - p))])
}
