import { Node, type Value } from '../../../ir/node.ts'
import { scaledDotProductAttention } from '../../../ops/attention/scaled-dot-product-attention.ts'
import { permute } from '../../../ops/shape/permute.ts'
import { maker, pairs, type Replacement } from './rewriter.ts'

/** Scores as they are made: `query @ keys`, the keys transposed. */
interface Scores {
  readonly query: Value
  readonly keys: Value
  readonly scale: number
}

/** `softmax(query @ keys * scale + mask) @ value` over the last dimension; scale and mask may be absent. */
export function recogniseAttention(node: Node): Replacement {
  const [weights, value] = node.inputs
  const softmax = node.op.name === 'aten.matmul' ? maker(weights, 'softmax') : undefined
  const [input] = softmax?.inputs ?? []
  const rank = input?.shape.length ?? 0
  if (!input || !value || rank < 3 || (softmax?.attrs.dim !== rank - 1 && softmax?.attrs.dim !== -1))
    return undefined
  const found = masked(input)
  if (found === undefined || [found.query, found.keys, value].some(({ shape }) => shape.length !== rank))
    return undefined
  const { query, keys, scale, mask } = found
  const turned = keysOf(keys, node.scope)
  const inputs = [query, turned.key, value, ...(mask === null ? [] : [mask])]
  try {
    const attention: Node = new Node(
      scaledDotProductAttention,
      inputs,
      { dropoutP: 0, isCausal: false, scale, enableGqa: false },
      node.scope,
    )
    return [...turned.nodes, attention]
  } catch {
    // Sizes that do not fit an attention: the nodes stay what they are.
    return undefined
  }
}

function masked(input: Value): (Scores & { readonly mask: Value | null }) | undefined {
  const plain = scoresOf(input)
  if (plain !== undefined) return { ...plain, mask: null }
  const sum = maker(input, 'add')
  if (sum === undefined || sum.attrs.alpha !== 1) return undefined
  for (const [product, mask] of pairs(sum)) {
    const scores = scoresOf(product)
    if (scores !== undefined && mask.dtype === scores.query.dtype) return { ...scores, mask }
  }
  return undefined
}

function scoresOf(value: Value): Scores | undefined {
  const scaled = maker(value, 'mul') ?? maker(value, 'div')
  const factor = scaled?.attrs.other
  const product = maker(typeof factor === 'number' ? scaled?.inputs[0] : value, 'matmul')
  const [query, keys] = product?.inputs ?? []
  if (!query || !keys) return undefined
  const scale = typeof factor !== 'number' ? 1 : scaled?.op.name === 'aten.div' ? 1 / factor : factor
  return { query, keys, scale }
}

/** Keys as attention takes them, with the last two dimensions exchanged: in one step with what exchanged them before. */
function keysOf(keys: Value, scope: Node['scope']): { readonly key: Value; readonly nodes: readonly Node[] } {
  const before = maker(keys, 'permute')
  const [source] = before?.inputs ?? []
  const known = before?.attrs.dims
  const dims = Array.isArray(known) && source ? known.map(Number) : keys.shape.map((_, i) => i)
  const turned = [...dims.slice(0, -2), dims.at(-1) ?? 0, dims.at(-2) ?? 0]
  const from = Array.isArray(known) && source ? source : keys
  if (turned.every((dim, i) => dim === i)) return { key: from, nodes: [] }
  const node: Node = new Node(permute, [from], { dims: turned }, scope)
  return { key: node.outputs[0] ?? keys, nodes: [node] }
}
