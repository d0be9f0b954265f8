import { record, type Tensor } from '../../engine/tensor.ts'
import { scaledDotProductAttention as attentionOp } from '../../ops/attention/scaled-dot-product-attention.ts'
import { randomSeed } from '../random-seed.ts'

/** How queries see keys. */
export interface AttentionOptions {
  /** `[..., L, S]`: a bool mask is true where a key is seen, a float mask is added to the scores. Default: all keys are seen. */
  readonly attnMask?: Tensor | null
  /** Share of the weights that is dropped; default 0. */
  readonly dropoutP?: number
  /** Whether a query sees no key that comes after it; default false. */
  readonly isCausal?: boolean
  /** Factor of the scores; default null, 1 / sqrt(E). */
  readonly scale?: number | null
  /** Whether key and value have fewer heads, in groups; default false. */
  readonly enableGqa?: boolean
}

/** Values [..., S, Ev] weighted by how well their keys [..., S, E] fit the queries [..., L, E]: [..., L, Ev]. */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { attnMask = null, dropoutP = 0, isCausal = false, scale = null, enableGqa = false }: AttentionOptions = {},
): Tensor {
  const seeds = dropoutP > 0 ? [randomSeed()] : []
  return record(attentionOp, [query, key, value, attnMask, ...seeds], {
    dropoutP,
    isCausal,
    scale,
    enableGqa,
  })
}
