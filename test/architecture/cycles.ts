/**
 * Finds the groups of nodes that can reach each other (strongly connected components, Tarjan 1972) and gives each as one
 * cycle through it, beginning at its first node in alphabetic order. A node that points at itself is a cycle of one.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  return components(graph)
    .filter(([first = '', ...rest]) => rest.length > 0 || graph.get(first)?.includes(first))
    .map((component) => shortestCycle(graph, component.toSorted()))
}

function components(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): number => {
    let lowest = order.size
    order.set(node, lowest)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) lowest = Math.min(lowest, visit(next))
      else if (stack.includes(next)) lowest = Math.min(lowest, order.get(next) ?? lowest)
    }
    if (lowest === order.get(node)) found.push(stack.splice(stack.indexOf(node)))
    return lowest
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}

/** The shortest way from the first node of a component back to it (breadth first). */
function shortestCycle(
  graph: ReadonlyMap<string, readonly string[]>,
  component: readonly string[],
): string[] {
  const start = component[0] ?? ''
  const paths: string[][] = [[start]]
  const seen = new Set<string>()
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return path
      if (seen.has(next) || !component.includes(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return [...component]
}
