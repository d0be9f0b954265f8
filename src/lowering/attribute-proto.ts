import { create, fromBinary } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
} from '../codec/onnx.ts'
import type { OnnxAttribute } from '../ir/emitter.ts'
import { onnxType } from './onnx-dtype.ts'

const encoder = new TextEncoder()

/** An attribute of an ONNX node. Plain numbers are integers in ONNX's sense. */
export function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: encoder.encode(value) })
  }
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  if ('floats' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] })
  }
  if ('dtype' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(onnxType(value.dtype)) })
  }
  if ('encoded' in value) return fromBinary(AttributeProtoSchema, value.encoded)
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) })
}
