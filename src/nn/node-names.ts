import type { Graph, GraphInput } from '../ir/graph.ts'

/** Names that a listing gives to the graph's inputs, in their order. */
export type InputNames = ReadonlyMap<GraphInput, string>

/**
 * Names every node of a graph as `torch.export` does: the operation's ATen name, with `_1`, `_2`, ... from its second use on. States are named first
 * (their path with underscores), then inputs, so that a node that would be called like one of them gets a number.
 */
export function nameGraph(graph: Graph): InputNames {
  const taken = new Map<string, number>()
  const names = new Map<GraphInput, string>()
  for (const input of graph.inputs) names.set(input, freeName(input.name.replaceAll('.', '_'), taken))
  for (const node of graph.nodes) node.name = freeName(node.op.name.replace(/^.*\./, ''), taken)
  return names
}

function freeName(base: string, taken: Map<string, number>): string {
  const used = taken.get(base)
  taken.set(base, (used ?? 0) + 1)
  if (used === undefined) return base
  return freeName(`${base}_${used}`, taken)
}
