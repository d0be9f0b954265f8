import { scaledDotProductAttention } from '../../../ops/attention/scaled-dot-product-attention.ts'
import type { Importer } from '../node-call.ts'

/** Attention of heads that lie apart, [N, heads, L, E], without earlier keys and values. */
const attentionOf: Importer = (call) => {
  const [query, key, value] = [call.value(0), call.value(1), call.value(2)]
  const mask = call.optionalValue(3)
  const isPlain =
    [query, key, value].every(({ shape }) => shape.length === 4) &&
    [4, 5, 6].every((i) => call.optional(i) === undefined) &&
    call.node.output.slice(1).every((name) => name === '') &&
    call.float('softcap', 0) === 0
  const isCausal = call.int('is_causal', 0) === 1
  if (!isPlain || (isCausal && mask !== null)) return undefined
  const enableGqa = query.shape[1] !== key.shape[1]
  const attrs = { dropoutP: 0, isCausal, scale: call.has('scale') ? call.float('scale', 1) : null, enableGqa }
  const inputs = [query, key, value, ...(mask === null ? [] : [mask])]
  return call.emitAll(scaledDotProductAttention, inputs, attrs)[0]
}

/** Attention in one operator. */
export const attention: Readonly<Record<string, Importer>> = { Attention: attentionOf }
