import type { AttributeProto, GraphProto, NodeProto, TensorProto } from '../../codec/onnx.ts'

/** The graphs inside a node: branches of an If, the body of a Loop. */
export function graphsOf({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs }: AttributeProto) => (g === undefined ? graphs : [g, ...graphs]))
}

/** All tensors of a graph, those of the graphs inside it included. */
export function* tensorsOf(graph: GraphProto): Iterable<TensorProto> {
  yield* graph.initializer
  for (const node of graph.node) {
    for (const { t, tensors } of node.attribute) {
      if (t !== undefined) yield t
      yield* tensors
    }
    for (const inner of graphsOf(node)) yield* tensorsOf(inner)
  }
}

/** Names that the nodes of a graph read and that it does not define itself. */
export function freeNames(graph: GraphProto): Set<string> {
  const defined = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
  const free = new Set<string>()
  const read = (name: string) => {
    if (name !== '' && !defined.has(name)) free.add(name)
  }
  for (const node of graph.node) {
    for (const name of node.input) read(name)
    for (const inner of graphsOf(node)) for (const name of freeNames(inner)) read(name)
    for (const name of node.output) defined.add(name)
  }
  for (const { name } of graph.output) read(name)
  return free
}

/** Everything that a node reads: its inputs, and what the graphs inside it take from outside. */
export function readNames(node: NodeProto): string[] {
  return [...node.input, ...graphsOf(node).flatMap((graph) => [...freeNames(graph)])]
}
