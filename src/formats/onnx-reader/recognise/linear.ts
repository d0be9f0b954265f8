import { Graph } from '../../../ir/graph.ts'
import { Node, type Value } from '../../../ir/node.ts'
import { linear } from '../../../ops/matrix/linear.ts'
import { passOnName, type ValueNames } from './rewriter.ts'

/** A linear layer without a bias, whose result nothing reads but the addition of a vector, becomes one with the bias. */
export function recogniseLinear(graph: Graph, names: ValueNames): Graph {
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
    const [sum] = node.outputs
    const [between] = product.outputs
    if (sum === undefined || between === undefined) return [node]
    const isAlone = (users.get(between) ?? []).length === 1 && !results.has(between)
    if (!isAlone || !states.has(bias)) return [node]
    const [x = null, weight = null] = product.inputs
    const fused = new Node(linear, [x, weight, bias], {}, product.scope)
    const [result] = fused.outputs
    if (result === undefined) return [node]
    dropped.add(product)
    replaced.set(sum, result)
    passOnName(names, sum, result)
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
