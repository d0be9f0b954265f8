import { create } from '@bufbuild/protobuf'
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  TensorProto_DataType as OnnxType,
  type TensorProto,
  TensorProtoSchema,
} from '../../codec/onnx.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { transposeMatrix } from '../../tensor/transpose-matrix.ts'
import { spareBiases } from '../onnx/biases.ts'
import { spareInt8ZeroPoints } from '../onnx/int8-zero-points.ts'
import { FIRST_WITH_OUTPUT_DTYPE } from '../onnx/opset.ts'
import { copyModel } from '../onnx-reader/copy-model.ts'
import type { OnnxSource } from '../onnx-reader/onnx-source.ts'
import { graphOf, opsetOf } from '../onnx-reader/read-model.ts'
import { upgradeModel } from '../onnx-reader/upgrade/upgrade-model.ts'
import { declareVersions } from './edit-opset.ts'
import type { FreshNames } from './fresh-names.ts'
import { liveNodes, namesRead, placeNodes } from './live-nodes.ts'
import type { NewNodes } from './new-nodes.ts'
import { writePlainSoftmax } from './plain-softmax.ts'
import type { EditPlan } from './plan-edit.ts'
import { renameReads } from './rename-values.ts'
import type { SourceMatch } from './source-match.ts'

/** An edit that is worked out. */
export interface Edit {
  readonly source: OnnxSource
  readonly plan: EditPlan
  readonly match: SourceMatch
  readonly added: NewNodes
  readonly opset: number
  /** Parameters and buffers with other elements than in the file, by path. */
  readonly changed: ReadonlyMap<string, HostArray>
  readonly fresh: FreshNames
}

/** A copy of a file's model with an edit carried out. */
export function applyEdit(edit: Edit): ModelProto {
  const { source, added, opset, fresh } = edit
  const model = copyModel(source.model)
  const graph = graphOf(model)
  const before = stateBefore(graph)
  const tensors = [...added.initializers, ...changedTensors(edit)]
  redirect(graph, edit)
  makeWay(graph, new Set([...edit.plan.named, ...tensors].map(({ name }) => name)), fresh)
  if (opsetOf(model) < opset) {
    upgradeModel(model, opset)
    writePlainSoftmax(graph, ranksOf(source), fresh)
  }
  graph.node = placeNodes(graph.node, added.nodes)
  graph.initializer.push(...tensors)
  dropDead(graph, before, new Set(tensors.map(({ name }) => name)))
  takeNamesOver(graph, edit)
  dropUndefined(graph)
  declareVersions(model, opset, added)
  const ours = new Set(added.initializers.map(({ name }) => name))
  spareBiases(model, (name) => ours.has(name))
  if (opset >= FIRST_WITH_OUTPUT_DTYPE) spareInt8ZeroPoints(model, (name) => ours.has(name))
  return model
}

/** Lets nodes read what they are to read, and gives values new names whose own are taken by results of the graph. */
function redirect(graph: GraphProto, { source, plan: { redirects, renamed, named } }: Edit): void {
  const names = new Map(named.map(({ value, name }) => [value, name]))
  for (const [i, original] of graphOf(source.model).node.entries()) {
    const node = graph.node[i]
    if (node === undefined) continue
    const changes = redirects.get(original)
    const now = (name: string): string => {
      const value = changes?.get(name)
      return (value && names.get(value)) ?? renamed.get(name) ?? name
    }
    renameReads(node, now)
    node.output = node.output.map((name) => renamed.get(name) ?? name)
  }
}

/** What has a name that something new takes makes way: results get another one, tensors go. */
function makeWay(graph: GraphProto, taken: ReadonlySet<string>, fresh: FreshNames): void {
  for (const node of graph.node)
    node.output = node.output.map((name) => (taken.has(name) ? fresh.like(`${name}_replaced`) : name))
  const isFree = ({ name }: { readonly name: string }) => !taken.has(name)
  graph.initializer = graph.initializer.filter(isFree)
  graph.input = graph.input.filter(isFree)
}

/** Tensors of the file with the elements that they have now. */
function changedTensors({ source, changed }: Edit): TensorProto[] {
  const types = new Map(graphOf(source.model).initializer.map(({ name, dataType }) => [name, dataType]))
  return source.states.flatMap(({ path, source: name, isTransposed }) => {
    const content = changed.get(path)
    if (content === undefined || name === undefined) return []
    const array = isTransposed ? transposeMatrix(content) : content
    return [types.get(name) === OnnxType.DOUBLE ? doubles(name, array) : tensorOf(name, array)]
  })
}

function tensorOf(name: string, { dtype, shape, bytes }: HostArray): TensorProto {
  return tensorProto(name, dtype, shape, bytes)
}

function doubles(name: string, array: HostArray): TensorProto {
  const values = Float64Array.from(toFloat32(array))
  return create(TensorProtoSchema, {
    name,
    dataType: OnnxType.DOUBLE,
    dims: array.shape.map(BigInt),
    rawData: new Uint8Array(values.buffer),
  })
}

/** What a graph needed and read before it was edited. */
interface Before {
  readonly dead: ReadonlySet<NodeProto>
  readonly read: ReadonlySet<string>
}

function stateBefore(graph: GraphProto): Before {
  const live = liveNodes(graph)
  return { dead: new Set(graph.node.filter((node) => !live.has(node))), read: namesRead(graph) }
}

/** Drops what nothing needs any more; what nothing needed before stays. */
function dropDead(graph: GraphProto, { dead, read }: Before, added: ReadonlySet<string>): void {
  const live = liveNodes(graph, [...dead])
  graph.node = graph.node.filter((node) => live.has(node))
  const stillRead = namesRead(graph)
  const own = new Set(graph.initializer.map(({ name }) => name))
  const isKept = ({ name }: { readonly name: string }) =>
    stillRead.has(name) || !(read.has(name) || added.has(name))
  graph.initializer = graph.initializer.filter(isKept)
  graph.input = graph.input.filter((input) => !own.has(input.name) || isKept(input))
}

/** What a parameter is dequantized to takes the parameter's name where nothing reads the parameter itself any more. */
function takeNamesOver(graph: GraphProto, { plan, match }: Edit): void {
  const defined = namesDefined(graph)
  const renamed = new Map(
    plan.named.flatMap(({ name, original }) => {
      const tensor = match.state(original)?.source
      return tensor === undefined || defined.has(tensor) ? [] : [[name, tensor] as const]
    }),
  )
  const now = (name: string) => renamed.get(name) ?? name
  for (const node of graph.node) {
    renameReads(node, now)
    node.output = node.output.map(now)
  }
}

/** Declarations of values that are gone go with them. */
function dropUndefined(graph: GraphProto): void {
  const defined = namesDefined(graph)
  graph.valueInfo = graph.valueInfo.filter(({ name }) => defined.has(name))
}

function namesDefined({ node, initializer, input }: GraphProto): Set<string> {
  const declared = [...initializer, ...input].map(({ name }) => name)
  return new Set([...declared, ...node.flatMap(({ output }) => output)])
}

function ranksOf({ names }: OnnxSource): (name: string) => number | undefined {
  const ranks = new Map(Array.from(names, ([{ shape }, name]) => [name, shape.length]))
  return (name) => ranks.get(name)
}
