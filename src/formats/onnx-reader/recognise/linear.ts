import { Graph } from '../../../ir/graph.ts'
import { Node, type Value } from '../../../ir/node.ts'
import { linear } from '../../../ops/matrix/linear.ts'

/** A linear layer without a bias, whose result nothing reads but the addition of a vector, becomes one with the bias. */
export function recogniseLinear(graph: Graph): Graph {
  const users = graph.users()
  const states = new Set(graph.inputs.filter(({ kind }) => kind === 'state').map(({ value }) => value))
  const results = new Set(graph.outputs)
  const replaced = new Map<Value, Value>()
  const dropped = new Set<Node>()
  const nodes = graph.nodes.flatMap((node): Node[] => {
    for (const [i, input] of node.inputs.entries()) if (input) node.inputs[i] = replaced.get(input) ?? input
    const parts = node.op.name === 'aten.add' && node.attrs.alpha === 1 ? biasedProduct(node) : undefined
    if (parts === undefined) return [node]
    const { product, bias } = parts
    const isAlone = (users.get(product.outputs[0] as Value) ?? []).length === 1
    if (!isAlone || !states.has(bias) || results.has(product.outputs[0] as Value)) return [node]
    const [x = null, weight = null] = product.inputs
    const fused = new Node(linear, [x, weight, bias], {}, product.scope)
    dropped.add(product)
    replaced.set(node.outputs[0] as Value, fused.outputs[0] as Value)
    return [fused]
  })
  return new Graph(
    graph.inputs,
    nodes.filter((node) => !dropped.has(node)),
    graph.outputs.map((value) => replaced.get(value) ?? value),
  )
}

function biasedProduct({ inputs: [a, b] }: Node): { product: Node; bias: Value } | undefined {
  for (const [product, bias] of [
    [a, b],
    [b, a],
  ]) {
    const node = product?.node
    if (!node || !bias || node.op.name !== 'aten.linear' || node.inputs[2]) continue
    if (bias.shape.length === 1 && bias.shape[0] === node.inputs[1]?.shape[0]) return { product: node, bias }
  }
  return undefined
}
