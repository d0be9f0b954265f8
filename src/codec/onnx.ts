import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FormatError } from './format-error.ts'
import { type ModelProto, ModelProtoSchema } from './generated/onnx_pb.ts'

export {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts'

/**
 * Reads an ONNX model from its protobuf bytes. `rawData` of its tensors are views of `bytes`, not copies. Messages nest at most
 * 100 deep; nothing that the model says is checked beyond its encoding.
 *
 * @throws FormatError when the bytes are no protobuf message or hold no graph
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const model = parse(bytes)
  if (model.graph !== undefined) return model
  throw new FormatError('ONNX', {
    subject: 'model',
    expected: 'a message with a graph',
    got: `${bytes.byteLength} bytes without one`,
  })
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes)
  } catch (cause) {
    throw new FormatError('ONNX', {
      subject: 'model',
      expected: 'a protobuf message',
      got: `${bytes.byteLength} bytes that are not: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    })
  }
}

/** Bytes of an ONNX model, as its file holds them. */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model)
}
