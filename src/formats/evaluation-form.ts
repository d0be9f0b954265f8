import { Graph } from '../ir/graph.ts'
import { Node, type Value } from '../ir/node.ts'
import { flaggedAttributes } from '../nn/training-form.ts'

/** A graph whose batch norms and dropouts do not train, without what its results do not need. */
export function evaluationForm({ inputs, nodes, outputs }: Graph): Graph {
  const copies = new Map<Value, Value>()
  const at = (value: Value): Value => copies.get(value) ?? value
  const needed = neededFor(outputs)
  const copied = nodes
    .filter((node) => needed.has(node))
    .map((node) => {
      const reads = node.inputs.map((input) => (input === null ? null : at(input)))
      const copy = new Node(node.op, reads, flaggedAttributes(node, node.attrs, false), node.scope)
      copy.name = node.name
      copy.source = node.source
      node.outputs.forEach((output, i) => {
        const value = copy.outputs[i]
        if (value !== undefined) copies.set(output, value)
      })
      return copy
    })
  return new Graph(inputs, copied, outputs.map(at))
}

function neededFor(outputs: readonly Value[]): Set<Node> {
  const needed = new Set<Node>()
  const stack = [...outputs]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.node === null || needed.has(value.node)) continue
    needed.add(value.node)
    for (const input of value.node.inputs) if (input !== null) stack.push(input)
  }
  return needed
}
