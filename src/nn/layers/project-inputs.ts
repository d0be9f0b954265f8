import type { Tensor } from '../../engine/tensor.ts'
import { linear } from '../functional/linear.ts'

/** Queries, keys and values. */
export type Projected = readonly [query: Tensor, key: Tensor, value: Tensor]

/** Self-attention: one product with the three weights, which lie one after the other in [3 * E, E]. */
export function projectPacked(x: Tensor, weight: Tensor, bias: Tensor | null): Projected {
  const parts = unpack(linear(x, weight, bias), 3)
  return [parts.select(0, 0), parts.select(0, 1), parts.select(0, 2)]
}

/** Attention to what is both key and value: one product for the queries, one for the others. */
export function projectKeyValue(query: Tensor, key: Tensor, weight: Tensor, bias: Tensor | null): Projected {
  const width = Number(weight.size(1))
  const [queryWeight = weight, otherWeight = weight] = weight.split([width, 2 * width])
  const [queryBias = null, otherBias = null] = bias?.split([width, 2 * width]) ?? []
  const queries = linear(query, queryWeight, queryBias)
  const parts = unpack(linear(key, otherWeight, otherBias), 2)
  return [queries, parts.select(0, 0), parts.select(0, 1)]
}

/** One product for each; the biases lie one after the other in [3 * E]. */
export function projectEach(
  [q, k, v]: Projected,
  weights: readonly Tensor[],
  bias: Tensor | null,
): Projected {
  const [qWeight = q, kWeight = k, vWeight = v] = weights
  const [qBias = null, kBias = null, vBias = null] = bias?.chunk(3) ?? []
  return [linear(q, qWeight, qBias), linear(k, kWeight, kBias), linear(v, vWeight, vBias)]
}

/** [L, N, count * E] as [count, L, N, E], in the steps in which PyTorch takes it apart. */
function unpack(x: Tensor, count: number): Tensor {
  const width = Number(x.size(-1)) / count
  return x.unflatten(-1, [count, width]).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
}
