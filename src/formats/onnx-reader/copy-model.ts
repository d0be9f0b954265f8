import { clone, create } from '@bufbuild/protobuf'
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
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../codec/onnx.ts'

/** A model that may be changed, at any depth, without changing the given one. Elements of tensors are shared. */
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
  copy.initializer = graph.initializer.map((tensor) => Object.assign(create(TensorProtoSchema), tensor))
  copy.input = graph.input.map((info) => clone(ValueInfoProtoSchema, info))
  copy.output = graph.output.map((info) => clone(ValueInfoProtoSchema, info))
  copy.valueInfo = graph.valueInfo.map((info) => clone(ValueInfoProtoSchema, info))
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
  const copy = Object.assign(create(AttributeProtoSchema), attribute)
  if (attribute.g !== undefined) copy.g = copyGraphProto(attribute.g)
  copy.graphs = attribute.graphs.map(copyGraphProto)
  return copy
}
