import type { GraphProto, NodeProto } from '../../codec/onnx.ts'
import { readNames } from '../onnx-reader/graph-walk.ts'

/** The nodes of a graph that its results need, or others that are to stay. */
export function liveNodes(
  { node: nodes, output }: GraphProto,
  kept: readonly NodeProto[] = [],
): Set<NodeProto> {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)))
  const live = new Set<NodeProto>(kept)
  const stack = [...output.map(({ name }) => name), ...kept.flatMap(readNames)]
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    const node = makers.get(name)
    if (node === undefined || live.has(node)) continue
    live.add(node)
    stack.push(...readNames(node))
  }
  return live
}

/** Everything that nodes of a graph read, and its results. */
export function namesRead({ node: nodes, output }: GraphProto): Set<string> {
  return new Set([...nodes.flatMap(readNames), ...output.map(({ name }) => name)])
}

/** Nodes with others among them, each of which stands behind the last node whose result it reads. */
export function placeNodes(nodes: readonly NodeProto[], added: readonly NodeProto[]): NodeProto[] {
  const places = new Map<string, number>()
  for (const [i, node] of nodes.entries()) for (const name of node.output) places.set(name, i)
  const behind = new Map<number, NodeProto[]>()
  for (const node of added) {
    const place = Math.max(-1, ...readNames(node).map((name) => places.get(name) ?? -1))
    for (const name of node.output) places.set(name, place)
    behind.set(place, [...(behind.get(place) ?? []), node])
  }
  return [...(behind.get(-1) ?? []), ...nodes.flatMap((node, i) => [node, ...(behind.get(i) ?? [])])]
}
