import { create } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../../codec/onnx.ts'

/**
 * A graph inside a node with other names: those that it takes from outside as `outer` says, its own with a prefix, so that they are new wherever
 * the node is written, but for those of `results`.
 */
export function renameGraph(
  graph: GraphProto,
  outer: ReadonlyMap<string, string>,
  prefix: string,
  results: ReadonlyMap<string, string> = new Map(),
): GraphProto {
  const names = new Map(outer)
  for (const { name } of [...graph.input, ...graph.initializer]) names.set(name, prefix + name)
  for (const { output } of graph.node)
    for (const name of output) if (name !== '') names.set(name, results.get(name) ?? prefix + name)
  const renamed = (name: string) => names.get(name) ?? name
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.input.map((info) =>
      Object.assign(create(ValueInfoProtoSchema), info, { name: renamed(info.name) }),
    ),
    output: graph.output.map((info) =>
      Object.assign(create(ValueInfoProtoSchema), info, { name: renamed(info.name) }),
    ),
    initializer: graph.initializer.map((tensor) =>
      Object.assign(create(TensorProtoSchema), tensor, { name: renamed(tensor.name) }),
    ),
    node: graph.node.map((node) => renamedNode(node, names, prefix)),
  })
}

function renamedNode(node: NodeProto, names: ReadonlyMap<string, string>, prefix: string): NodeProto {
  const renamed = (name: string) => names.get(name) ?? name
  const inner = (graph: GraphProto) => renameGraph(graph, names, `${prefix}i_`)
  return Object.assign(create(NodeProtoSchema), node, {
    name: node.name === '' ? '' : prefix + node.name,
    input: node.input.map(renamed),
    output: node.output.map(renamed),
    attribute: node.attribute.map((attribute) =>
      Object.assign(create(AttributeProtoSchema), attribute, {
        ...(attribute.g === undefined ? {} : { g: inner(attribute.g) }),
        graphs: attribute.graphs.map(inner),
      }),
    ),
  })
}
