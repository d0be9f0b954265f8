import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type TensorProto, TensorProtoSchema } from './generated/onnx_pb.ts'

/** Field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data. */
const GRAPH = 7
const INITIALIZER = 5
const RAW_DATA = 9

/**
 * An encoded model, in parts, with more initializers (name, type, dims and raw data), whose data is copied once, into place: protobuf parsers merge a second `graph` field
 * into the first.
 */
export function appendInitializers(
  model: readonly Uint8Array[],
  tensors: readonly TensorProto[],
): Uint8Array {
  const [only] = model
  if (only !== undefined && model.length === 1 && tensors.length === 0) return only
  const parts: Uint8Array[] = []
  let graphLength = 0
  for (const { name, dataType, dims, rawData } of tensors) {
    const head = toBinary(TensorProtoSchema, create(TensorProtoSchema, { name, dataType, dims }))
    const dataTag = lengthTag(RAW_DATA, rawData.byteLength)
    const tag = lengthTag(INITIALIZER, head.byteLength + dataTag.byteLength + rawData.byteLength)
    for (const part of [tag, head, dataTag, rawData]) {
      parts.push(part)
      graphLength += part.byteLength
    }
  }
  return concatenate([...model, lengthTag(GRAPH, graphLength), ...parts])
}

function lengthTag(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish()
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}
