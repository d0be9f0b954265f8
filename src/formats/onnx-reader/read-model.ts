import type { ByteSource } from '../../codec/byte-source.ts'
import {
  decodeModel,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  TensorProto_DataLocation,
} from '../../codec/onnx.ts'
import { readExternalData } from './external-data.ts'
import { graphsOf, tensorsOf } from './graph-walk.ts'
import { inlineFunctions } from './inline-functions.ts'
import { onnxFailure } from './onnx-failure.ts'
import { shapeOfTensor } from './tensor-content.ts'

/** A message of protobuf cannot be longer. */
const MAX_MODEL_BYTES = 2 ** 31
/** Versions of ONNX's operators that are read. */
const OLDEST_OPSET = 7
const NEWEST_OPSET = 25
/** More than any model has. */
const MAX_NODES = 1_000_000

/** Where the data files of a model are looked for: a folder, or bytes by name. */
export type ExternalFiles = string | ReadonlyMap<string, Uint8Array | Blob> | undefined

/** A model as it was read. */
export interface ReadModel {
  readonly model: ModelProto
  /** Whether some of its tensors were in other files. */
  readonly hasExternalData: boolean
}

/**
 * Reads a model and the external data of all its tensors, which stand in the model from then on.
 * @throws FormatError for what is no model, or one of another opset; FileError for external data that is not there or lies outside
 */
export async function readModel(source: ByteSource, files: ExternalFiles): Promise<ReadModel> {
  if (source.sizeBytes > MAX_MODEL_BYTES)
    throw onnxFailure(source.name, `at most ${MAX_MODEL_BYTES} bytes`, `${source.sizeBytes}`)
  const model = decodeModel(await source.read(0, source.sizeBytes))
  opsetOf(model)
  inlineFunctions(model)
  const graph = graphOf(model)
  checkGraph(graph)
  const external: TensorProto[] = []
  for (const tensor of tensorsOf(graph)) {
    shapeOfTensor(tensor)
    if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) external.push(tensor)
  }
  await readExternalData(external, files)
  return { model, hasExternalData: external.length > 0 }
}

/** The graph of a model. */
export function graphOf({ graph }: ModelProto): GraphProto {
  if (graph === undefined) throw onnxFailure('model', 'a graph', 'none')
  return graph
}

/** Version of ONNX's own operators that a model uses. @throws FormatError for a version that is not read */
export function opsetOf({ opsetImport }: ModelProto): number {
  const own = opsetImport.filter(({ domain }) => domain === '' || domain === 'ai.onnx')
  const version = Number(own[0]?.version ?? 1n)
  if (own.some((entry) => Number(entry.version) !== version))
    throw onnxFailure(
      'opset_import',
      'one version of the operators',
      own.map((entry) => entry.version).join(', '),
    )
  if (version >= OLDEST_OPSET && version <= NEWEST_OPSET) return version
  throw onnxFailure('opset_import', `an opset from ${OLDEST_OPSET} to ${NEWEST_OPSET}`, `${version}`)
}

/** Checks names: each value is made once, in whatever order the nodes stand. */
function checkGraph(graph: GraphProto, outer: ReadonlySet<string> = new Set(), budget = { nodes: 0 }): void {
  budget.nodes += graph.node.length
  if (budget.nodes > MAX_NODES) throw onnxFailure('graph', `at most ${MAX_NODES} nodes`, `${budget.nodes}`)
  const made = new Map<string, string>()
  const define = (name: string, what: string) => {
    const before = made.get(name)
    if (before !== undefined) throw onnxFailure(name, 'a name of its own', `${before} and ${what}`)
    made.set(name, what)
  }
  if (graph.sparseInitializer.length > 0)
    throw onnxFailure('sparse_initializer', 'dense tensors', `${graph.sparseInitializer.length} sparse ones`)
  const initialized = new Set<string>()
  for (const { name } of graph.initializer) {
    if (name === '') throw onnxFailure('initializer', 'a name', 'none')
    if (initialized.has(name)) throw onnxFailure(name, 'a name of its own', 'two initializers')
    initialized.add(name)
  }
  for (const { name } of graph.input) {
    if (name === '') throw onnxFailure('input', 'a name', 'none')
    define(name, 'an input')
  }
  for (const name of initialized) if (!made.has(name)) define(name, 'an initializer')
  for (const node of graph.node) {
    for (const name of node.output)
      if (name !== '') define(name, `an output of ${node.opType} "${node.name}"`)
    const attributes = new Set<string>()
    for (const { name } of node.attribute) {
      if (attributes.has(name))
        throw onnxFailure(node.name || node.opType, 'every attribute once', `"${name}" twice`)
      attributes.add(name)
    }
  }
  const visible = new Set([...outer, ...made.keys()])
  for (const node of graph.node) for (const inner of graphsOf(node)) checkGraph(inner, visible, budget)
}
