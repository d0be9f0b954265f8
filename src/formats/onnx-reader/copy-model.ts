import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from '../../codec/onnx.ts'

/** A model whose nodes, at any depth, and whose lists may be changed without changing the given one. Tensors and declarations are shared. */
export function copyModel(model: ModelProto): ModelProto {
  const copy = Object.assign(create(ModelProtoSchema), model)
  copy.opsetImport = model.opsetImport.map((entry) => Object.assign(create(OperatorSetIdProtoSchema), entry))
  copy.metadataProps = [...model.metadataProps]
  if (model.graph !== undefined) copy.graph = copyGraphProto(model.graph)
  return copy
}

function copyGraphProto(graph: GraphProto): GraphProto {
  const copy = Object.assign(create(GraphProtoSchema), graph)
  copy.node = graph.node.map(copyNode)
  copy.initializer = [...graph.initializer]
  copy.input = [...graph.input]
  copy.output = [...graph.output]
  copy.valueInfo = [...graph.valueInfo]
  return copy
}

function copyNode(node: NodeProto): NodeProto {
  const copy = Object.assign(create(NodeProtoSchema), node)
  copy.input = [...node.input]
  copy.output = [...node.output]
  copy.attribute = node.attribute.map(copyAttribute)
  return copy
}

function copyAttribute(attribute: AttributeProto): AttributeProto {
  if (attribute.g === undefined && attribute.graphs.length === 0) return attribute
  const copy = Object.assign(create(AttributeProtoSchema), attribute)
  if (attribute.g !== undefined) copy.g = copyGraphProto(attribute.g)
  copy.graphs = attribute.graphs.map(copyGraphProto)
  return copy
}
