import { type Dim, type Dims, divideExactly, formatDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { broadcastDims } from '../inference.ts'
import type { Factor } from '../matrix/product.ts'
import { reshapeNode } from '../shape/reshape.ts'

/** Name of the operation, for messages. */
export const OP = 'aten.scaled_dot_product_attention'

/** `scale` null is one by the root of the width; `enableGqa`: several query heads share a key and value head. */
export type AttentionAttributes = {
  readonly dropoutP: number
  readonly isCausal: boolean
  readonly scale: number | null
  readonly enableGqa: boolean
}

/** What an attention is computed from, in shapes of which the batches broadcast. */
export interface AttentionPlan {
  readonly query: Factor
  readonly key: Factor
  readonly value: Factor
  readonly mask: (Factor & { readonly isBool: boolean }) | null
  readonly isCausal: boolean
  readonly scale: number
  /** Shape of the weights, [..., L, S]. */
  readonly weights: Dims
  readonly dropout: { readonly p: number; readonly seed: string } | null
}

/** Writes reshapes of query, key, value and mask that let their batches broadcast, also where heads share keys. */
export function attentionPlan(
  e: Emitter,
  [query, key, value, mask]: readonly (TensorType | null)[],
  names: readonly string[],
  { dropoutP, isCausal, scale, enableGqa }: AttentionAttributes,
): AttentionPlan {
  const shared = enableGqa ? (key?.shape.at(-3) ?? 1) : null
  const prepare = (type: TensorType | null | undefined, name = ''): Factor => {
    const shape = splitHeads(type?.shape ?? [], shared)
    return { name: reshapeNode(e, name, type?.shape ?? [], shape), shape }
  }
  const operands = {
    query: prepare(query, names[0]),
    key: prepare(key, names[1]),
    value: prepare(value, names[2]),
  }
  const batch = batchOf([operands.query.shape, operands.key.shape, operands.value.shape])
  return {
    ...operands,
    mask: mask ? { ...prepare(mask, names[3]), isBool: mask.dtype === 'bool' } : null,
    isCausal,
    scale: scale ?? 1 / Math.sqrt(Number(query?.shape.at(-1) ?? 1)),
    weights: [...batch, query?.shape.at(-2) ?? 1, key?.shape.at(-2) ?? 1],
    dropout: dropoutP > 0 && names[4] ? { p: dropoutP, seed: names[4] } : null,
  }
}

/** What the batches of shapes [..., rows, columns] broadcast to. */
export function batchOf(shapes: readonly Dims[]): Dims {
  return shapes.map((shape) => shape.slice(0, -2)).reduce<Dims>((a, b) => broadcastDims(OP, a, b), [])
}

/**
 * [..., heads, rows, columns] as [..., shared heads, heads of each, rows, columns]. A single head is left to broadcast, and so is a shape
 * without heads; nothing is split where no heads are shared (null).
 * @throws ShapeError where the shared heads do not divide the heads
 */
export function splitHeads(shape: Dims, shared: Dim | null): Dims {
  if (shared === null || shape.length < 3) return shape
  const [heads = 1, rows = 1, columns = 1] = shape.slice(-3)
  if (heads === 1) return [...shape.slice(0, -3), 1, 1, rows, columns]
  const each = divideExactly(heads, shared)
  if (each !== undefined) return [...shape.slice(0, -3), shared, each, rows, columns]
  throw new ShapeError(
    `Cannot record "${OP}": expected heads that ${shared} key heads divide, got ${formatDims(shape)}`,
  )
}

/** @throws ShapeError where the mask does not broadcast to the weights; TypeError where it is neither bool nor like the query */
export function checkMask(mask: TensorType, query: TensorType, weights: Dims): void {
  if (mask.dtype !== 'bool' && mask.dtype !== query.dtype) {
    throw new TypeError(
      `Cannot record "${OP}": expected a mask of bool or ${query.dtype}, got ${formatType(mask)}`,
    )
  }
  const broadcast = broadcastDims(OP, weights, mask.shape)
  if (formatDims(broadcast) === formatDims(weights)) return
  throw new ShapeError(
    `Cannot record "${OP}": expected a mask that broadcasts to ${formatDims(weights)}, got ${formatType(mask)}`,
  )
}
