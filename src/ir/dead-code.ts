import type { Node, Value } from './node.ts'

/**
 * Drops nodes that neither an output nor an update of state depends on. Requires nodes in an order in which they can run; ensures the
 * same order. Nodes that update state (a batch norm in training, an observer) stay even when nothing reads them.
 */
export function eliminateDeadCode(nodes: readonly Node[], outputs: readonly Value[]): readonly Node[] {
  const needed = new Set(outputs)
  const kept: Node[] = []
  for (const node of nodes.toReversed()) {
    const updates = node.op.updates?.(node.attrs) ?? []
    if (updates.length === 0 && !node.outputs.some((output) => needed.has(output))) continue
    for (const input of node.inputs) if (input !== null) needed.add(input)
    kept.push(node)
  }
  return kept.reverse()
}
