import { openSource } from '../../codec/byte-source.ts'
import type { ModelProto } from '../../codec/onnx.ts'
import { setMember } from '../../nn/container.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import { nameGraph } from '../../nn/node-names.ts'
import { defaultLogger, type Logger } from '../../quantization/logger.ts'
import { UnsupportedOpError } from '../unsupported-op-error.ts'
import { copyModel } from './copy-model.ts'
import { type ImportedGraph, importGraph, type KnownTypes } from './import-graph.ts'
import { layoutOfImport } from './import-layout.ts'
import { onnxFailure } from './onnx-failure.ts'
import { rememberSource } from './onnx-source.ts'
import { inferTypes } from './opaque/infer-types.ts'
import { UntypedNode } from './opaque/untyped-node.ts'
import { outputTreeOf } from './output-names.ts'
import { graphOf, type ReadModel, readModel } from './read-model.ts'
import { learnStates } from './recognise/learned-states.ts'
import { leaveMasks } from './recognise/masks.ts'
import { recognise } from './recognise/recognise.ts'
import { resolveConflict, SizeConflict } from './size-conflict.ts'
import { Sizes } from './sizes.ts'
import { upgradeModel } from './upgrade/upgrade-model.ts'

/** How often sizes may turn out to be related before a model is given up. */
const MAX_ATTEMPTS = 64

/** How an ONNX model is loaded. */
export interface LoadOnnxOptions {
  /**
   * The data files that the model names, by the names that it has for them. Default: the folder of the model, for a model that is loaded by its
   * path; none for another.
   */
  readonly externalData?: ReadonlyMap<string, Uint8Array | Blob>
  /** Numbers for sizes that the file leaves open, by their names: `{ batch_size: 1 }`. Default: they stay open. */
  readonly sizes?: Readonly<Record<string, number>>
  /** Takes warnings: operators that lowbit does not know. Default: the process, or the console of a page. */
  readonly logger?: Logger
}

/**
 * Loads an ONNX model of opset 7 to 25, with external data, as a graph of ATen operations: its tensors are parameters and buffers, module
 * paths come from the names of its nodes, sizes that are named in the file stay open, constant arithmetic on shapes is gone, and linear layers, GELU,
 * normalizations are recognised in the operations that exporters write for them.
 *
 * What lowbit does not know stays in the graph as it is, with a warning: it runs, it has no gradient and is not quantized. Nothing in the file is
 * executed in loading.
 *
 * @param source path of the file (in Node), or its content
 * @throws FileError when there is no file, or external data lies outside the model's folder, FormatError when it is no such model or damaged
 * @throws UnsupportedOpError with an operator whose result has a size that depends on data
 */
export async function loadOnnxModel(
  source: string | Uint8Array | Blob,
  options: LoadOnnxOptions = {},
): Promise<GraphModule> {
  const bytes = await openSource(source)
  try {
    const files = options.externalData ?? (typeof source === 'string' ? await folderOf(source) : undefined)
    const read = await readModel(bytes, files)
    const upgraded = copyModel(read.model)
    upgradeModel(upgraded)
    const imported = await importWithSizes(bytes.name, upgraded, options)
    warnOf(bytes.name, imported, options.logger ?? defaultLogger)
    return moduleOf(read, imported)
  } finally {
    await bytes.close()
  }
}

async function folderOf(path: string): Promise<string> {
  const { dirname } = await import('node:path')
  return dirname(path)
}

/** Imports again with what is learned about sizes, until all fit. */
async function importWithSizes(
  name: string,
  model: ModelProto,
  options: LoadOnnxOptions,
): Promise<ImportedGraph> {
  const sizes = new Sizes(options.sizes ?? {})
  let inferred: KnownTypes | undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    try {
      return importGraph(model, sizes, inferred ?? new Map())
    } catch (error) {
      if (error instanceof UntypedNode) {
        if (inferred !== undefined) throw untyped(name, error, model, options)
        inferred = await inferTypes(model, sizes)
        if (!inferred.has(error.output)) throw untyped(name, error, model, options)
      } else if (error instanceof SizeConflict) {
        const fact = resolveConflict(error.sizes)
        if (fact === undefined) throw onnxFailure(name, 'sizes that fit', error.message)
        sizes.learn(fact)
      } else throw error
    }
  }
  throw onnxFailure(name, 'sizes that fit', `relations of more than ${MAX_ATTEMPTS} of them`)
}

/** What is said of a size that nothing tells: it may follow once the sizes of the inputs are numbers. */
function untyped(
  name: string,
  { opType }: UntypedNode,
  model: ModelProto,
  { sizes = {} }: LoadOnnxOptions,
): UnsupportedOpError {
  const dims = graphOf(model).input.flatMap(({ type }) =>
    type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [],
  )
  const open = dims.flatMap(({ value }) =>
    value.case === 'dimParam' && !Object.hasOwn(sizes, value.value) ? [value.value] : [],
  )
  const hint =
    open.length === 0
      ? undefined
      : `the size of its result is not known while ${[...new Set(open)].map((size) => `"${size}"`).join(', ')} may vary: { sizes } takes numbers for them`
  return new UnsupportedOpError(name, new Map([[opType, 1]]), hint)
}

function warnOf(name: string, { unknown }: ImportedGraph, logger: Logger): void {
  if (unknown.size === 0) return
  const list = Array.from(unknown, ([op, count]) => `${op} (${count}x)`).join(', ')
  logger.warn(`"${name}" has operators that lowbit keeps as they are and does not quantize: ${list}`)
}

function moduleOf(file: ReadModel, imported: ImportedGraph): GraphModule {
  const { importer, outputNames } = imported
  const graph = recognise(imported.graph, importer.names)
  leaveMasks(graph, importer.states)
  const learned = learnStates(graph, importer.states)
  nameGraph(graph)
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs).concat(graph.outputs))
  const kept = graph.inputs.filter(({ kind, value }) => kind === 'input' || read.has(value))
  graph.inputs.splice(0, graph.inputs.length, ...kept)
  const paths = new Set(kept.map(({ name }) => name))
  const states = learned.filter(({ path }) => paths.has(path))
  const own = rememberSource({ ...file, graph, names: importer.names, states })
  const module = new GraphModule(own, outputTreeOf(outputNames), { layout: layoutOfImport(graph, states) })
  for (const { path, tensor } of states) setMember(module, path, tensor)
  module.train(false)
  return module
}
