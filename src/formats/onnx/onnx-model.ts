import { create } from '@bufbuild/protobuf'
import { type GraphProto, type ModelProto, NodeProtoSchema } from '../../codec/onnx.ts'
import type { Graph } from '../../ir/graph.ts'
import type { Value } from '../../ir/node.ts'
import { attributeProto } from '../../lowering/attribute-proto.ts'
import { lowerGraph } from '../../lowering/lower-graph.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { simplify } from '../../lowering/simplify.ts'
import { callModule } from '../../nn/call-module.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { leafPaths, type OutputTree } from '../../nn/output-tree.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { isFloating } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { evaluationForm } from '../evaluation-form.ts'
import { fuseProducts } from './matmul-nbits.ts'
import { describeModel } from './metadata.ts'
import { checkOpset, declareOpset } from './opset.ts'

/** How an ONNX model is written. */
export interface OnnxOptions extends OnnxNames {
  /** Version of ONNX's operators, 18 to 25. Default: 20, or what the model needs. From 25 on int2 takes two bits. */
  readonly opset?: number
  /** Whether products with weights in blocks are written as ONNX Runtime's own operation MatMulNBits. Default: false. */
  readonly matMulNBits?: boolean
}

/** Names in the file. */
export interface OnnxNames {
  /** Names of the inputs, in order. Default: those of the arguments of the captured forward. */
  readonly inputNames?: readonly string[]
  /** Names of the outputs, in order. Default: `output`, or `output_0`, `output_key` for several. */
  readonly outputNames?: readonly string[]
}

/**
 * A captured model in evaluation as an ONNX model: parameters and buffers are initializers under their paths, sizes that may vary are named dimensions.
 * @throws ExportError for a model that still has fake quantizers
 */
export async function onnxModel(
  module: GraphModule,
  { inputNames, outputNames, opset, matMulNBits = false }: OnnxOptions = {},
): Promise<ModelProto> {
  if (opset !== undefined) checkOpset(opset)
  refuseCalls(module)
  const graph = evaluationForm(module.graph)
  const simple = simplify(graph.nodes, graph.outputs, new Set())
  const { nodes, outputs, constants } = matMulNBits
    ? await fuseProducts(simple.nodes, simple.outputs, (value) => stateContent(module, graph, value))
    : { ...simple, constants: [] }
  const users = graph.inputs.filter(({ kind }) => kind === 'input')
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...outputs])
  const states = graph.inputs.filter(({ kind, value }) => kind === 'state' && read.has(value))
  const names = {
    inputs: checkedNames(
      'input',
      inputNames,
      users.map(({ name }) => name),
    ),
    outputs: checkedNames('output', outputNames, outputNamesOf(module.outputTree)),
  }
  const model = lowerGraph({
    inputs: users.map(({ value }, i) => ({ value, name: names.inputs[i] ?? '' })),
    constants: [...states.map(({ value, name }) => ({ value, name: stateName(name) })), ...constants],
    nodes,
    outputs: outputs.map((value, i) => ({ value, name: names.outputs[i] ?? '' })),
    capabilities: new Set(['storedFloat8']),
  })
  const target = model.graph
  if (target === undefined) return model
  dropUnreadConstants(target)
  const computed = new Set(nodes.filter(({ op }) => op !== dequantize).flatMap(({ inputs }) => inputs))
  for (const { name, value } of states) {
    const content = widened(await contentOf(module, name), opset)
    addInitializer(target, stateName(name), content, computed.has(value))
  }
  for (const { name, content } of constants) addInitializer(target, name, content, true)
  declareOpset(model, opset)
  describeModel(model, simple.nodes, graph.inputs)
  return model
}

/** The first opset that has integers of two bits. */
const FIRST_WITH_TWO_BITS = 25

/** A lowering may make constants up and then find that it needs none of them. */
function dropUnreadConstants(graph: GraphProto): void {
  const read = new Set(graph.node.flatMap(({ input }) => input))
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name))
}

/** Prefix of states: names that the lowering makes up are letters and digits. */
function stateName(path: string): string {
  return path.includes('.') || path.includes('_') ? path : `state.${path}`
}

/** Two bits take the room of four in operators that are older than two bits. */
function widened(content: HostArray, opset = 0): HostArray {
  if (opset >= FIRST_WITH_TWO_BITS) return content
  if (content.dtype === 'int2') return castArray(content, 'int4')
  return content.dtype === 'uint2' ? castArray(content, 'uint4') : content
}

/** Name and elements of a state; undefined for another value. */
async function stateContent(
  module: GraphModule,
  { inputs }: Graph,
  value: Value,
): Promise<{ readonly name: string; readonly content: HostArray } | undefined> {
  const state = inputs.find((input) => input.kind === 'state' && input.value === value)
  return state && { name: stateName(state.name), content: await contentOf(module, state.name) }
}

async function contentOf(module: GraphModule, path: string): Promise<HostArray> {
  const member = getMember(module, path)
  if (member instanceof Parameter || member instanceof Buffer) return member.array()
  throw new RangeError(`Cannot write a model as ONNX: expected a parameter or buffer "${path}", got none`)
}

/**
 * Adds the content of a state. Sub-byte integers and quantized floats are stored as what they are, other floats as float32.
 * @param isComputed whether the graph computes with it, which it does in float32
 */
function addInitializer(graph: GraphProto, name: string, content: HostArray, isComputed: boolean): void {
  if (content.dtype.startsWith('float8')) {
    const stored = isComputed ? `${name}.stored` : name
    graph.initializer.push(tensorProto(stored, content.dtype, content.shape, content.bytes))
    if (!isComputed) return
    const attribute = [attributeProto('to', { dtype: 'float32' })]
    const cast = { opType: 'Cast', name: `${name}.cast`, input: [stored], output: [name], attribute }
    graph.node.unshift(create(NodeProtoSchema, cast))
    return
  }
  const array = isFloating(content.dtype) ? castArray(content, 'float32') : content
  graph.initializer.push(tensorProto(name, array.dtype, array.shape, array.bytes))
}

function refuseCalls({ graph }: GraphModule): void {
  const calls = graph.nodes.filter(({ op }) => op.name === callModule.name).map(({ name }) => name)
  if (calls.length === 0) return
  throw new ExportError(
    `Cannot write a model as ONNX: expected operations alone, got calls of modules: ${calls.join(', ')}\n` +
      'Hint: finalize a prepared model for the backend "onnx" first',
    calls,
  )
}

function outputNamesOf(tree: OutputTree): string[] {
  return leafPaths(tree, 'output')
}

/** Names for the file, those that were given where they were. @throws RangeError for a wrong number of names, or names that are not unique */
function checkedNames(
  kind: 'input' | 'output',
  given: readonly string[] | undefined,
  byDefault: readonly string[],
): readonly string[] {
  const names = given ?? byDefault
  if (names.length !== byDefault.length) {
    throw new RangeError(
      `Cannot name the ${kind}s of an ONNX model: expected ${byDefault.length} names, got ${names.length}`,
    )
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new RangeError(
      `Cannot name the ${kind}s of an ONNX model: expected names of their own, got "${twice}" twice`,
    )
  return names
}
