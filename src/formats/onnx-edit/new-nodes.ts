import { create } from '@bufbuild/protobuf'
import { type NodeProto, NodeProtoSchema, type TensorProto } from '../../codec/onnx.ts'
import { collectNodes } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/node.ts'
import { attributeProto } from '../../lowering/attribute-proto.ts'
import { lowerGraph } from '../../lowering/lower-graph.ts'
import { carrierOf, onnxType } from '../../lowering/onnx-dtype.ts'
import { simplify } from '../../lowering/simplify.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { addInitializer } from '../onnx/state-initializer.ts'
import type { FileTypes } from './file-types.ts'
import type { FreshNames } from './fresh-names.ts'
import type { NamedValue } from './plan-edit.ts'

/** A parameter or buffer as nodes that are written anew read it. */
export interface NewState {
  readonly name: string
  /** Absent where the file has it already. */
  readonly content?: HostArray
}

/** What is to be written anew. */
export interface NewNodesRequest {
  readonly named: readonly NamedValue[]
  /** Names of values on the way, which nothing of the file reads. */
  readonly inner: ReadonlyMap<Value, string>
  /** What the file calls a value that it still makes; undefined for what has to be made. */
  nameOf(value: Value): string | undefined
  stateOf(value: Value): Promise<NewState>
  readonly types: FileTypes
  readonly fresh: FreshNames
}

/** Nodes and constants that come into a file. */
export interface NewNodes {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
}

/** Writes operations as nodes that read a file's values and make others: what the file keeps in another type is cast. */
export async function writeNewNodes(request: NewNodesRequest): Promise<NewNodes> {
  const { named, types, fresh } = request
  const values = [...named.map(({ value }) => value), ...request.inner.keys()]
  const isFiles = (value: Value) => request.nameOf(value) !== undefined
  const simple = simplify(collectNodes(values, isFiles), values, new Set())
  const casts = new Casts(fresh)
  const read = valuesRead(simple.nodes, simple.outputs)
  const inputs = read.filter(isFiles).map((value) => {
    const name = request.nameOf(value) ?? ''
    return { value, name: casts.read(name, types.typeOf(name, value), value) }
  })
  const states: (NewState & { readonly value: Value })[] = []
  for (const value of read) if (!isFiles(value)) states.push({ value, ...(await request.stateOf(value)) })
  const outputs = named.map(({ name, original }, i) => {
    const value = simple.outputs[i] ?? original
    return { value, name: casts.make(name, types.typeOf(name, original), value) }
  })
  const inner = Array.from(request.inner.values(), (name, i) => {
    return { value: simple.outputs[named.length + i], name }
  }).filter((entry): entry is { value: Value; name: string } => entry.value !== undefined)
  const { graph } = lowerGraph({
    inputs,
    constants: states.map(({ value, name }) => ({ value, name })),
    nodes: simple.nodes,
    outputs: [...outputs, ...inner],
    capabilities: new Set(['storedFloat8']),
    reserved: fresh.taken,
  })
  if (graph === undefined) return { nodes: [], initializers: [] }
  const computed = new Set(
    simple.nodes.filter(({ op }) => op.name !== dequantize.name).flatMap((node) => node.inputs),
  )
  for (const { value, name, content } of states)
    if (content !== undefined) addInitializer(graph, name, content, computed.has(value))
  const all = [...casts.before, ...graph.node, ...casts.after]
  for (const node of all) node.name = `${node.output[0] ?? ''}_${node.opType}`
  return { nodes: all, initializers: graph.initializer }
}

/** What nodes read that none of them makes. */
function valuesRead(nodes: readonly Node[], outputs: readonly Value[]): Value[] {
  const made = new Set(nodes.flatMap((node) => node.outputs))
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...outputs])
  return [...read].filter((value): value is Value => value !== null && !made.has(value))
}

/** Casts between the types that a file has and those that lowbit's nodes compute in. */
class Casts {
  readonly before: NodeProto[] = []
  readonly after: NodeProto[] = []
  readonly #fresh: FreshNames

  constructor(fresh: FreshNames) {
    this.#fresh = fresh
  }

  /** Name under which a value of the file can be computed with. */
  read(name: string, type: number, { dtype }: Value): string {
    const carrier = onnxType(carrierOf(dtype))
    if (type === carrier) return name
    const inner = this.#fresh.like(`${name}_${carrierOf(dtype)}`)
    this.before.push(castNode(name, inner, carrier))
    return inner
  }

  /** Name under which a value has to be computed, so that the file has it as `name`. */
  make(name: string, type: number, { dtype }: Value): string {
    if (type === onnxType(carrierOf(dtype))) return name
    const inner = this.#fresh.like(`${name}_${carrierOf(dtype)}`)
    this.after.push(castNode(inner, name, type))
    return inner
  }
}

function castNode(from: string, to: string, type: number): NodeProto {
  return create(NodeProtoSchema, {
    opType: 'Cast',
    input: [from],
    output: [to],
    attribute: [attributeProto('to', type)],
  })
}
