import type { Tensor } from '../../engine/tensor.ts'
import { type Dim, mulDims } from '../../ir/dim.ts'
import { scaledDotProductAttention } from '../functional/attention.ts'
import { dropout } from '../functional/dropout.ts'
import type { Projected } from './project-inputs.ts'

/** How features are divided among heads. */
export interface Heads {
  readonly count: number
  /** Features of one head. */
  readonly width: number
  readonly batch: Dim
  /** Share of the weights that is dropped in this call. */
  readonly dropout: number
}

/** What keys a query sees: `mask` is [1 or batch * heads, L or 1, S] and is added to the scores. */
export interface Sight {
  readonly mask: Tensor | null
  readonly isCausal: boolean
}

/** Attention [L, batch, E] as one operation, without its weights. */
export function attend([query, key, value]: Projected, heads: Heads, { mask, isCausal }: Sight): Tensor {
  const { count, width, batch } = heads
  const [q, k, v] = [splitHeads(query, heads), splitHeads(key, heads), splitHeads(value, heads)]
  const attnMask = mask === null ? null : separateHeads(mask, heads)
  const open = (x: Tensor) => x.view([batch, count, x.size(1), width])
  const options = { attnMask, dropoutP: heads.dropout, isCausal }
  const mixed = scaledDotProductAttention(open(q), open(k), open(v), options)
  return mixed.permute([2, 0, 1, 3]).reshape([mulDims(query.size(0), batch), count * width])
}

/** Attention [L * batch, E], and its weights [batch * heads, L, S], those that are dropped as 0. */
export function attendWithWeights(
  [query, key, value]: Projected,
  heads: Heads,
  mask: Tensor | null,
): readonly [mixed: Tensor, weights: Tensor] {
  const { count, width, batch } = heads
  const [q, k, v] = [splitHeads(query, heads), splitHeads(key, heads), splitHeads(value, heads)]
  const scores = q.mul(1 / Math.sqrt(width)).bmm(k.transpose(-2, -1))
  const weights = (mask === null ? scores : scores.add(mask)).softmax(-1)
  const kept = heads.dropout > 0 ? dropout(weights, { p: heads.dropout }) : weights
  const mixed = kept
    .bmm(v)
    .transpose(0, 1)
    .reshape([mulDims(query.size(0), batch), count * width])
  return [mixed, kept]
}

/** [L, batch, E] as [batch * heads, L, width]. */
function splitHeads(x: Tensor, { count, width, batch }: Heads): Tensor {
  return x.view([x.size(0), mulDims(batch, count), width]).transpose(0, 1)
}

/** The mask with the batch and the heads in dimensions of their own. */
function separateHeads(mask: Tensor, { count, batch }: Heads): Tensor {
  return mask.size(0) === 1 ? mask.unsqueeze(0) : mask.view([batch, count, -1, mask.size(2)])
}
