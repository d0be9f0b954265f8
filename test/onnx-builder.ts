import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  encodeModel,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../src/codec/onnx.ts'
import type { OnnxAttribute } from '../src/ir/emitter.ts'
import { attributeProto } from '../src/lowering/attribute-proto.ts'
import { tensorProto } from '../src/lowering/model-builder.ts'
import { onnxType } from '../src/lowering/onnx-dtype.ts'
import type { DType } from '../src/tensor/dtype.ts'
import { fromValues } from '../src/tensor/from-values.ts'

/** An attribute as a test writes it: a number, a text, a list, a tensor, a graph. */
export type TestAttribute = OnnxAttribute | { readonly tensor: TensorProto } | { readonly graph: GraphProto }

/** A declared value: its name, dtype and sizes, of which texts are names. */
export type Declared = readonly [name: string, dtype: DType, shape: readonly (number | string)[]]

/** What a test model is made of. */
export interface TestModel {
  readonly opset?: number
  readonly inputs: readonly Declared[]
  readonly outputs: readonly (Declared | string)[]
  readonly nodes: readonly NodeProto[]
  readonly tensors?: readonly TensorProto[]
  readonly valueInfo?: readonly Declared[]
}

/** A node: its operator, inputs, outputs, attributes. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, TestAttribute>> = {},
  more: { readonly name?: string; readonly domain?: string } = {},
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value))
  return create(NodeProtoSchema, { opType, input: [...input], output: [...output], attribute, ...more })
}

function attributeOf(name: string, value: TestAttribute): AttributeProto {
  if (typeof value === 'object' && 'tensor' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value.tensor })
  if (typeof value === 'object' && 'graph' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value.graph })
  return attributeProto(name, value)
}

/** A tensor of floats, or of another dtype. */
export function tensor(
  name: string,
  shape: readonly number[],
  values: readonly number[],
  dtype: DType = 'float32',
): TensorProto {
  return tensorProto(name, dtype, shape, fromValues(dtype, shape, values).bytes)
}

/** A tensor whose elements look random, the same ones for the same name and size. */
export function noise(name: string, shape: readonly number[], scale = 0.5): TensorProto {
  const count = shape.reduce((product, size) => product * size, 1)
  return tensor(name, shape, noiseValues(name, count, scale))
}

/** Numbers in [-scale, scale] that look random. */
export function noiseValues(seedText: string, count: number, scale = 1): number[] {
  let seed = [...seedText].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2147483647, 7)
  return Array.from({ length: count }, () => {
    seed = (seed * 48271) % 2147483647
    return Math.fround((seed / 2147483647) * 2 * scale - scale)
  })
}

/** A list of integers. */
export function ints(name: string, values: readonly number[]): TensorProto {
  return tensor(name, [values.length], values, 'int64')
}

/** A graph, for a model or for an attribute. */
export function graph(model: Omit<TestModel, 'opset'>): GraphProto {
  return create(GraphProtoSchema, {
    name: 'graph',
    input: model.inputs.map(info),
    output: model.outputs.map((output) =>
      typeof output === 'string' ? create(ValueInfoProtoSchema, { name: output }) : info(output),
    ),
    valueInfo: (model.valueInfo ?? []).map(info),
    node: [...model.nodes],
    initializer: [...(model.tensors ?? [])],
  })
}

/** A model as a message. */
function onnxProto(model: TestModel): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [
      { domain: '', version: BigInt(model.opset ?? 17) },
      { domain: 'com.microsoft', version: 1n },
    ],
    graph: graph(model),
  })
}

/** A model as the bytes of its file. */
export function onnxBytes(model: TestModel): Uint8Array<ArrayBuffer> {
  return encodeModel(onnxProto(model))
}

function info([name, dtype, shape]: Declared): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size } },
  )
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxType(dtype), shape: { dim } } } },
  })
}
