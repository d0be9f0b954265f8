import { type Dims, dimsEqual } from '../../ir/dim.ts'
import { emitAll, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { innerMismatch, productNode } from '../matrix/product.ts'
import { seedAt } from '../random/counter-bits.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { attentionGradient } from './attention-gradient.ts'
import { milAttention } from './mil-attention.ts'
import { type AttentionAttributes, attentionPlan, batchOf, checkMask, OP, splitHeads } from './plan.ts'
import { dropoutFactor, openRows, weightsNode } from './weights.ts'

/**
 * Values weighted by how well their keys fit the queries: query [..., L, E], key [..., S, E], value [..., S, Ev], mask [..., L, S] or
 * null; output [..., L, Ev], and as a second one the weights, for the gradient. A bool mask keeps where it is true, a float mask is added to the scores. A query that may see no key has
 * the result 0, as in PyTorch. Weights are dropped by a seed, the fifth input: an int64 scalar. Without one none
 * is, as when a model evaluates.
 */
export const scaledDotProductAttention: Operation<AttentionAttributes> = defineOp({
  name: OP,
  infer(inputs, { dropoutP, isCausal, scale, enableGqa }) {
    const query = matrixAt(inputs, 0)
    const key = matrixAt(inputs, 1)
    const value = matrixAt(inputs, 2)
    checkSizes(query, key, value)
    if (!(dropoutP >= 0 && dropoutP < 1)) {
      throw new RangeError(`Cannot record "${OP}": expected dropoutP in [0, 1), got ${dropoutP}`)
    }
    if (dropoutP > 0 && inputs[4]) seedAt(OP, inputs, 4)
    if (scale === null && typeof query.shape.at(-1) !== 'number') {
      throw new ShapeError(
        `Cannot record "${OP}": expected a scale or a known width, got ${formatType(query)}`,
      )
    }
    const shared = enableGqa ? (key.shape.at(-3) ?? 1) : null
    const split = [query, key, value].map(({ shape }) => splitHeads(shape, shared))
    const batch = batchOf(split)
    const [rows = 1, columns = 1] = [query.shape.at(-2), key.shape.at(-2)]
    const mask = inputs[3]
    if (mask && isCausal) throw new TypeError(`Cannot record "${OP}": expected a mask or isCausal, got both`)
    if (mask) checkMask({ ...mask, shape: splitHeads(mask.shape, shared) }, query, [...batch, rows, columns])
    const merged = shared === null ? batch : [...batch.slice(0, -2), query.shape.at(-3) ?? 1]
    const { dtype } = query
    return [
      { shape: [...merged, rows, value.shape.at(-1) ?? 1], dtype },
      { shape: [...batch, rows, columns], dtype },
    ]
  },
  gradient({
    inputs: [query = null, key = null, value = null, mask = null, seed = null],
    outputs,
    gradients,
    attrs,
  }) {
    const [, weights = null] = outputs
    const [g] = gradients
    if (!g) return [null, null, null, null]
    const [gq, gk, gv, gmask] = emitAll(attentionGradient, [query, key, value, mask, seed, g, weights], attrs)
    return [gq ?? null, gk ?? null, gv ?? null, gmask ?? null]
  },
  lower(e, { inputs, outputs: [y], attrs }) {
    const plan = attentionPlan(e, inputs, e.inputs, attrs)
    const factor = dropoutFactor(e, plan)
    const weights = weightsNode(e, plan)
    const dropped = { name: factor === '' ? weights : e.op('Mul', [weights, factor]), shape: plan.weights }
    const mixed = productNode(e, dropped, plan.value, { transposeA: false, transposeB: false })
    const from: Dims = [...plan.weights.slice(0, -1), plan.value.shape.at(-1) ?? 1]
    return [reshapeNode(e, openRows(e, mixed, plan), from, y?.shape ?? []), weights]
  },
  mil: (e, node) => [milAttention(e, node)],
})

function matrixAt(inputs: readonly (TensorType | null)[], index: number): TensorType {
  const type = floatingAt(OP, inputs, index)
  if (type.shape.length >= 2) return type
  throw new ShapeError(`Cannot record "${OP}": expected at least two dimensions, got ${formatType(type)}`)
}

function checkSizes(query: TensorType, key: TensorType, value: TensorType): void {
  if (query.dtype !== key.dtype || query.dtype !== value.dtype) {
    throw new TypeError(
      `Cannot record "${OP}": expected tensors of one dtype, got ${[query, key, value].map(formatType).join(', ')}`,
    )
  }
  if (!dimsEqual(query.shape.at(-1) ?? 1, key.shape.at(-1) ?? 1)) throw innerMismatch(OP, query, key)
  if (dimsEqual(key.shape.at(-2) ?? 1, value.shape.at(-2) ?? 1)) return
  throw new ShapeError(
    `Cannot record "${OP}": expected a value for each key, got ${formatType(key)} and ${formatType(value)}`,
  )
}
