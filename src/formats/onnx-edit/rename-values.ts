import { create } from '@bufbuild/protobuf'
import { type GraphProto, type NodeProto, ValueInfoProtoSchema } from '../../codec/onnx.ts'

/** Lets a node read, and the graphs inside it take from outside, other values. */
export function renameReads(node: NodeProto, renamed: (name: string) => string): void {
  node.input = node.input.map((name) => (name === '' ? '' : renamed(name)))
  for (const attribute of node.attribute) {
    if (attribute.g !== undefined) renameFree(attribute.g, renamed)
    for (const graph of attribute.graphs) renameFree(graph, renamed)
  }
}

/** Names that a graph defines itself hide those outside. */
function renameFree(graph: GraphProto, renamed: (name: string) => string): void {
  const own = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
  for (const { output } of graph.node) for (const name of output) own.add(name)
  const free = (name: string) => (own.has(name) ? name : renamed(name))
  for (const node of graph.node) renameReads(node, free)
  graph.output = graph.output.map((info) => {
    const name = free(info.name)
    return name === info.name ? info : Object.assign(create(ValueInfoProtoSchema), info, { name })
  })
}
