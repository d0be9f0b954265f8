import type { GraphProto, ModelProto } from '../../codec/onnx.ts'
import type { Graph } from '../../ir/graph.ts'
import type { Value } from '../../ir/node.ts'
import { lowerGraph } from '../../lowering/lower-graph.ts'
import { simplify } from '../../lowering/simplify.ts'
import { callModule } from '../../nn/call-module.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { leafPaths, type OutputTree } from '../../nn/output-tree.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import { ExportError } from '../../quantization/export-error.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { evaluationForm } from '../evaluation-form.ts'
import { editedModel } from '../onnx-edit/edit-model.ts'
import { type OnnxSource, sourceOf } from '../onnx-reader/onnx-source.ts'
import { spareBiases } from './biases.ts'
import { fuseProducts } from './matmul-nbits.ts'
import { describeModel } from './metadata.ts'
import { nodeNamer } from './node-namer.ts'
import { checkOpset, declareOpset } from './opset.ts'
import { addInitializer, contentOf, stateName, widened } from './state-initializer.ts'

/** How an ONNX model is written. */
export interface OnnxOptions extends OnnxNames {
  /**
   * Version of ONNX's operators, 18 to 25. Default: 20, or what the model needs; that of the file for a model that was read from one, or what it needs. From 25
   * on int2 takes two bits.
   */
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
 * A captured model in evaluation as an ONNX model. One that was read from an ONNX file is that file with what was changed since, unless it is to have
 * other names. Of another one parameters and buffers are initializers under their paths, nodes have the paths of their
 * modules in their names, sizes that may vary are named dimensions.
 * @throws ExportError for a model that still has fake quantizers, or an opset that is too old
 */
export async function onnxModel(module: GraphModule, options: OnnxOptions = {}): Promise<ModelProto> {
  refuseCalls(module)
  const source = sourceOf(module.graph)
  const { opset, matMulNBits = false } = options
  return source !== undefined && keepsNames(source, options)
    ? editedModel(module, source, { opset, matMulNBits })
    : newModel(module, options)
}

async function newModel(
  module: GraphModule,
  { inputNames, outputNames, opset, matMulNBits = false }: OnnxOptions,
): Promise<ModelProto> {
  if (opset !== undefined) checkOpset(opset)
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
    onLowered: nodeNamer(),
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
  spareBiases(model)
  declareOpset(model, opset)
  describeModel(model, simple.nodes, graph.inputs)
  return model
}

/** Whether a file may be edited: it gives its inputs and outputs their names. */
function keepsNames({ model }: OnnxSource, { inputNames, outputNames }: OnnxNames): boolean {
  const tensors = new Set(model.graph?.initializer.map(({ name }) => name))
  const inputs = model.graph?.input.map(({ name }) => name).filter((name) => !tensors.has(name))
  const outputs = model.graph?.output.map(({ name }) => name)
  return (
    (inputNames === undefined || inputNames.join('\n') === inputs?.join('\n')) &&
    (outputNames === undefined || outputNames.join('\n') === outputs?.join('\n'))
  )
}

/** A lowering may make constants up and then find that it needs none of them. */
function dropUnreadConstants(graph: GraphProto): void {
  const read = new Set(graph.node.flatMap(({ input }) => input))
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name))
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
