import { collectNodes } from './graph.ts'
import { type Node, type Value, withInputs } from './node.ts'
import { withScope } from './scope.ts'

/**
 * Replaces every operation that is composed of others by these, down to those that are not. Requires nodes in an order in which they can run; ensures
 * that order. Nodes that change are made anew: the given ones stay as they are. Outputs keep their order.
 */
export function expandComposites(
  nodes: readonly Node[],
  outputs: readonly Value[],
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  if (!nodes.some(({ op }) => op.compose)) return { nodes, outputs }
  const replaced = new Map<Value, Value>()
  const result: Node[] = []
  for (const node of nodes) expand(node, replaced, result)
  return { nodes: result, outputs: outputs.map((value) => replaced.get(value) ?? value) }
}

function expand(node: Node, replaced: Map<Value, Value>, result: Node[]): void {
  const inputs = node.inputs.map((input) => input && (replaced.get(input) ?? input))
  const { compose } = node.op
  if (compose === undefined) {
    const isSame = inputs.every((input, i) => input === node.inputs[i])
    const kept = isSame ? node : withScope(node.scope, () => withInputs(node, inputs))
    result.push(kept)
    if (!isSame) relate(node, kept.outputs, replaced)
    return
  }
  const composed = withScope(node.scope, () => compose(inputs, node.attrs))
  const leaves = new Set(inputs)
  for (const inner of collectNodes(composed, (value) => leaves.has(value))) expand(inner, replaced, result)
  relate(node, composed, replaced)
}

function relate({ outputs }: Node, made: readonly Value[], replaced: Map<Value, Value>): void {
  for (const [i, output] of outputs.entries()) {
    const value = made[i] ?? output
    replaced.set(output, replaced.get(value) ?? value)
  }
}
