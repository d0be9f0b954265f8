import { FormatError } from '../../codec/format-error.ts'
import type { GraphProto, ModelProto, NodeProto } from '../../codec/onnx.ts'
import { Graph } from '../../ir/graph.ts'
import { Value } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { folded } from './fold/fold.ts'
import { GraphImporter } from './graph-importer.ts'
import { freeNames, graphsOf } from './graph-walk.ts'
import { importConstant } from './importers/constant.ts'
import { importers } from './importers/index.ts'
import { forgetNames, type InlinedBranch, takenBranch } from './inline-branch.ts'
import { cleanPath } from './module-paths.ts'
import { NodeCall } from './node-call.ts'
import { onnxFailure } from './onnx-failure.ts'
import { opaqueAttributes, opaqueOperation } from './opaque/opaque-operation.ts'
import { SHARES_RANGE, TYPE_RULES } from './opaque/type-rules.ts'
import { UntypedNode } from './opaque/untyped-node.ts'
import { graphOf } from './read-model.ts'
import type { Sizes } from './sizes.ts'
import { sortedNodes } from './sort-nodes.ts'
import { contentOfTensor } from './tensor-content.ts'

/** A graph made from a model, before recognition. */
export interface ImportedGraph {
  readonly importer: GraphImporter
  readonly graph: Graph
  readonly outputNames: readonly string[]
  /** Operators that stay as they are because lowbit does not know them, with how often they occur. */
  readonly unknown: ReadonlyMap<string, number>
}

/** Types of values that the file declares, or a runtime infers, by name. */
export type KnownTypes = ReadonlyMap<string, TensorType>

/**
 * Makes a graph of a model's graph.
 * @throws SizeConflict where sizes have to be equal that are not known to be; UntypedNode where a node's type has to be asked of a runtime
 */
export function importGraph(model: ModelProto, sizes: Sizes, inferred: KnownTypes): ImportedGraph {
  const proto = graphOf(model)
  const declared = declaredTypes(proto, sizes)
  const importer = new GraphImporter((name) => declared.get(name) ?? inferred.get(name))
  defineInputs(proto, sizes, importer)
  const unknown = new Map<string, number>()
  for (const node of sortedNodes(proto))
    asFailureOf(node.name || node.opType, () => importNode(node, importer, unknown))
  const outputs = proto.output.map(({ name }) => importer.valueOf(importer.operand(name, 'the outputs')))
  const graph = new Graph(importer.inputs, importer.nodes, outputs)
  return { importer, graph, outputNames: proto.output.map(({ name }) => name), unknown }
}

/** What an importer did not foresee, told as a fault of the file. */
function asFailureOf(subject: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    const isPlain =
      (error instanceof RangeError || error instanceof TypeError) && !(error instanceof FormatError)
    if (isPlain) throw onnxFailure(subject, 'inputs and attributes that go together', error.message)
    throw error
  }
}

function declaredTypes(proto: GraphProto, sizes: Sizes): Map<string, TensorType> {
  const types = new Map<string, TensorType>()
  for (const info of [...proto.valueInfo, ...proto.output]) {
    const type = sizes.typeOf(info, false)
    if (type !== undefined) types.set(info.name, type)
  }
  return types
}

/** An input with an initializer is a constant that a caller might replace: it stays the constant. */
function defineInputs(proto: GraphProto, sizes: Sizes, importer: GraphImporter): void {
  const initialized = new Set(proto.initializer.map(({ name }) => name))
  const taken = new Set<string>()
  for (const info of proto.input) {
    if (initialized.has(info.name)) continue
    const type = sizes.typeOf(info, true)
    if (type === undefined)
      throw onnxFailure(info.name, 'an input that is a tensor with a rank', 'another one')
    let argument = cleanPath(info.name).replaceAll('.', '_') || 'input'
    while (taken.has(argument)) argument += '_'
    taken.add(argument)
    importer.addInput(info.name, argument, type)
  }
  for (const tensor of proto.initializer)
    asFailureOf(tensor.name, () => importer.defineTensor(tensor.name, contentOfTensor(tensor)))
}

function importNode(node: NodeProto, importer: GraphImporter, unknown: Map<string, number>): void {
  const call = new NodeCall(node, importer)
  const isOwn = node.domain === '' || node.domain === 'ai.onnx'
  if (isOwn && node.opType === 'Constant') {
    importConstant(call)
    return
  }
  const branch = isOwn ? takenBranch(call) : undefined
  if (branch !== undefined) {
    importBranch(call, branch, unknown)
    return
  }
  const rule = isOwn ? importers.get(node.opType) : importers.get(`${node.domain}.${node.opType}`)
  const content = isOwn && !keepsTensor(call) ? folded(call) : undefined
  const made = content === undefined ? rule?.(call) : call.known(content)
  const results = made === undefined ? opaque(call, rule !== undefined, unknown) : [made].flat()
  node.output.forEach((name, i) => {
    const result = results[i]
    if (name === '') return
    if (result === undefined)
      throw onnxFailure(call.title, `at most ${results.length} outputs`, `${node.output.length}`)
    importer.define(
      name,
      result instanceof Value ? result : { ...result, name: result.stored ? result.name : name },
    )
  })
}

/** The nodes of a branch in the place of the If that always takes it. */
function importBranch(
  { node, importer }: NodeCall,
  { graph, prefix }: InlinedBranch,
  unknown: Map<string, number>,
): void {
  for (const tensor of graph.initializer)
    asFailureOf(tensor.name, () => importer.defineTensor(tensor.name, contentOfTensor(tensor)))
  for (const inner of sortedNodes(graph))
    asFailureOf(inner.name || inner.opType, () => importNode(inner, importer, unknown))
  const results = graph.output.map(({ name }) => importer.operand(name, node.name || node.opType))
  forgetNames(importer.names, prefix)
  for (const [i, name] of node.output.entries()) {
    const result = results[i]
    if (result === undefined)
      throw onnxFailure(node.name || 'If', `${node.output.length} results of a branch`, `${results.length}`)
    if (name !== '') importer.define(name, result.value ?? result)
  }
}

/** What only renames or turns a weight leaves it a tensor of the file. */
function keepsTensor(call: NodeCall): boolean {
  const { opType } = call.node
  if (opType === 'Identity') return true
  if (opType !== 'Transpose' && opType !== 'Reshape' && opType !== 'Cast') return false
  const operand = call.optional(0)
  return operand?.stored !== undefined && isFloating(operand.dtype)
}

/** The node as it stands, as an operation of its own. */
function opaque(call: NodeCall, isKnown: boolean, unknown: Map<string, number>): readonly Value[] {
  const { node } = call
  const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
  const rule = TYPE_RULES.get(name)
  const types = rule?.(call)?.slice(0, node.output.length) ?? declaredOutputs(call)
  if (!isKnown && rule === undefined) unknown.set(name, (unknown.get(name) ?? 0) + 1)
  const captured = [...new Set(graphsOf(node).flatMap((graph) => [...freeNames(graph)]))]
  const inputs = [
    ...node.input.map((_, i) => call.optionalValue(i)),
    ...captured.map((free) => call.valueOf(call.importer.operand(free, call.title))),
  ]
  const facts = SHARES_RANGE.has(name) ? { sharesObserver: true } : undefined
  const op = opaqueOperation(node, { inputs: node.input, captured }, facts)
  return call.emitAll(op, inputs, opaqueAttributes(node, types))
}

function declaredOutputs(call: NodeCall): TensorType[] {
  return call.node.output.map((name, i) => {
    const type = call.declared(i)
    if (type !== undefined) return type
    if (name === '') return { shape: [], dtype: 'float32' }
    throw new UntypedNode(call.title, call.node.opType, name)
  })
}
