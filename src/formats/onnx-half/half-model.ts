import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType as OnnxType,
  type TensorProto,
} from '../../codec/onnx.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { fromValues } from '../../tensor/from-values.ts'
import {
  FLOAT_INPUTS,
  floatConstants,
  freeName,
  halveType,
  isFloat,
  isReadAsHalf,
  namesIn,
  renameReads,
} from './graph-names.ts'
import { halfTensor, representable } from './half-tensor.ts'

/** Attributes that say which dtype a node makes. */
const DTYPE_ATTRIBUTES: Readonly<Record<string, string>> = {
  Cast: 'to',
  EyeLike: 'dtype',
  RandomNormal: 'dtype',
  RandomNormalLike: 'dtype',
  RandomUniform: 'dtype',
  RandomUniformLike: 'dtype',
  Bernoulli: 'dtype',
}

/**
 * Turns what a model has and computes in float32 into float16, in place; its inputs and outputs stay float32. Where a runtime has no kernel for float16 it computes that
 * operation in float32.
 * @throws ExportError for a model with functions of its own
 */
export function halveModel(model: ModelProto): void {
  const { graph } = model
  if (graph === undefined) return
  if (model.functions.length > 0)
    throw new ExportError(
      'Cannot write a model in float16: expected operators of ONNX alone, got functions of its own',
      model.functions.map(({ name }) => name),
    )
  const taken = namesIn(graph)
  halveGraph(graph, (name) => freeName(name, taken))
}

/** Makes a new name out of another. */
type Rename = (name: string) => string

function halveGraph(graph: GraphProto, rename: Rename): void {
  const kept = floatConstants(graph)
  halveNodes(graph, rename, kept)
  halveInitializers(graph, rename, kept)
  castFloatInputs(graph, rename, kept)
  for (const info of graph.valueInfo) halveType(info)
  castInputs(graph, rename)
  castOutputs(graph, rename)
}

/** What nodes carry with them: tensors, dtypes and graphs of their own. */
function halveNodes(graph: GraphProto, rename: Rename, kept: ReadonlySet<string>): void {
  for (const node of graph.node) {
    if (node.opType === 'Constant' && kept.has(node.output[0] ?? '')) continue
    for (const attribute of node.attribute) {
      const { t: tensor, g: body } = attribute
      if (tensor !== undefined) attribute.t = halfTensor(tensor) ?? tensor
      for (const each of [...(body === undefined ? [] : [body]), ...attribute.graphs])
        halveBody(each, rename, kept)
      if (attribute.name === DTYPE_ATTRIBUTES[node.opType] && Number(attribute.i) === OnnxType.FLOAT)
        attribute.i = BigInt(OnnxType.FLOAT16)
    }
    if (node.opType === 'Constant') node.attribute = node.attribute.map(constantAttribute)
    if (node.opType === 'ConstantOfShape' && node.attribute.length === 0) {
      const zero = fromValues('float16', [1], [0])
      node.attribute.push(tensorAttribute('value', tensorProto('', 'float16', [1], zero.bytes)))
    }
  }
}

/** A graph inside of a node reads and makes float16, as the nodes around it do. */
function halveBody(body: GraphProto, rename: Rename, kept: ReadonlySet<string>): void {
  halveNodes(body, rename, kept)
  halveInitializers(body, rename, kept)
  castFloatInputs(body, rename, kept)
  for (const info of [...body.valueInfo, ...body.input, ...body.output]) halveType(info)
}

/** A constant of single floats as one of a tensor of float16. */
function constantAttribute(attribute: AttributeProto): AttributeProto {
  const isList = attribute.name === 'value_floats'
  if (!isList && attribute.name !== 'value_float') return attribute
  const values = isList ? attribute.floats : [attribute.f]
  const shape = isList ? [values.length] : []
  const { bytes } = fromValues('float16', shape, values.map(representable))
  return tensorAttribute('value', tensorProto('', 'float16', shape, bytes))
}

function tensorAttribute(name: string, t: TensorProto): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.TENSOR, t })
}

/** Initializers as float16, but for those that ONNX wants as float32: they get a half beside them where others read them, too. */
function halveInitializers(graph: GraphProto, rename: Rename, keptAbove: ReadonlySet<string>): void {
  const halves = graph.initializer.flatMap((tensor) => {
    if (!keptAbove.has(tensor.name)) return [halfTensor(tensor) ?? tensor]
    const half = halfTensor(tensor, rename(tensor.name))
    if (half === undefined || !isReadAsHalf(graph, tensor.name)) return [tensor]
    renameReads(graph, tensor.name, half.name)
    return [tensor, half]
  })
  graph.initializer = halves
}

/** Casts what is computed in float16 where an operator takes float32 alone. */
function castFloatInputs(graph: GraphProto, rename: Rename, constants: ReadonlySet<string>): void {
  graph.node = graph.node.flatMap((node) => {
    const casts = (FLOAT_INPUTS[node.opType] ?? []).flatMap((i) => {
      const name = node.input[i] ?? ''
      if (name === '' || constants.has(name)) return []
      const float = rename(name)
      node.input[i] = float
      return [castNode(name, float, OnnxType.FLOAT)]
    })
    return [...casts, node]
  })
}

function castInputs(graph: GraphProto, rename: Rename): void {
  const tensors = new Set(graph.initializer.map(({ name }) => name))
  const casts = graph.input.flatMap(({ name, type }) => {
    if (!isFloat(type) || tensors.has(name)) return []
    const half = rename(name)
    renameReads(graph, name, half, true)
    return [castNode(name, half, OnnxType.FLOAT16)]
  })
  graph.node = [...casts, ...graph.node]
}

function castOutputs(graph: GraphProto, rename: Rename): void {
  for (const { name, type } of graph.output) {
    const producer = graph.node.find(({ output }) => output.includes(name))
    if (!isFloat(type) || producer === undefined) continue
    const half = rename(name)
    producer.output = producer.output.map((each) => (each === name ? half : each))
    renameReads(graph, name, half, true)
    graph.node.push(castNode(half, name, OnnxType.FLOAT))
  }
}

function castNode(input: string, output: string, to: OnnxType): NodeProto {
  const attribute = [
    create(AttributeProtoSchema, { name: 'to', type: AttributeProto_AttributeType.INT, i: BigInt(to) }),
  ]
  return create(NodeProtoSchema, {
    opType: 'Cast',
    name: `${output}.cast`,
    input: [input],
    output: [output],
    attribute,
  })
}
