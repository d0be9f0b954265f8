import { type ByteSource, openSource } from '../../codec/byte-source.ts'
import { Graph } from '../../ir/graph.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { setMember } from '../../nn/container.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import type { OutputTree } from '../../nn/output-tree.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { UnsupportedOpError } from '../unsupported-op-error.ts'
import { Pt2Archive, type StoredTensor } from './archive.ts'
import { GraphBuilder, missingOperations } from './graph-builder.ts'
import type { JsonView } from './json-view.ts'
import { findAliases, layoutOfProgram, ModuleStacks, modulePaths, type PathedState } from './module-stack.ts'
import { type ProgramInput, readSignature, type Signature } from './program.ts'
import { readTree } from './pytree.ts'
import { readSizeRanges } from './size-ranges.ts'
import { checkStatePaths } from './state-paths.ts'
import { readTensorType } from './tensor-meta.ts'

const SCHEMA_MAJOR = 8

/**
 * Loads a program that `torch.export.save` wrote (`.pt2`): its graph with the names that PyTorch gave, its parameters, buffers and constants, sizes that
 * may vary with their ranges, and the modules that it came from. Tied parameters are one. Whether it trains is what the program was exported as.
 *
 * Constants among the arguments and results of the program are left out, None is null; keyword arguments follow the others.
 * Nothing in the archive is executed.
 *
 * @param source path of the file (in Node), or its content
 * @throws FileError when there is no file, FormatError when it is not such an archive or damaged
 * @throws UnsupportedOpError with all operations that lowbit has not
 */
export async function loadExportedProgram(source: string | Blob): Promise<GraphModule> {
  const bytes = await openSource(source)
  try {
    return await loadProgram(bytes)
  } finally {
    await bytes.close()
  }
}

async function loadProgram(source: ByteSource): Promise<GraphModule> {
  const archive = await Pt2Archive.open(source)
  const program = await archive.json('models/model.json')
  const major = program.field('schema_version').field('major')
  if (major.integer() !== SCHEMA_MAJOR) major.fail(`version ${SCHEMA_MAJOR} of the schema`)
  const graphModule = program.field('graph_module')
  const graphView = graphModule.field('graph')
  const missing = missingOperations(graphView)
  if (missing.size > 0) throw new UnsupportedOpError(source.name, missing)
  const signature = readSignature(graphModule.field('signature'))
  const states = await loadStates(archive, signature.inputs, graphView.field('tensor_values'))
  const paths = modulePaths(graphModule)
  const stacks = new ModuleStacks(graphView)
  const classNames = stacks.classNames()
  const aliases = findAliases(paths, states, classNames)
  const builder = new GraphBuilder(graphView, (node) => stacks.scopeOf(node, aliases))
  const graph = buildGraph(builder, signature)
  const module = new GraphModule(graph, outputTree(graphModule, signature), {
    inputs: inputTrees(graphModule, signature),
    layout: layoutOfProgram(paths, aliases, classNames, states),
    sizeRanges: readSizeRanges(program),
  })
  for (const { path, tensor } of states) setMember(module, path, tensor)
  module.train(graph.nodes.some(({ attrs }) => attrs.train === true || attrs.training === true))
  return module
}

/** A state of the program with its tensor; tied states share one. */
interface LoadedState extends PathedState {
  readonly tensor: Parameter | Buffer
}

async function loadStates(
  archive: Pt2Archive,
  inputs: readonly ProgramInput[],
  types: JsonView,
): Promise<readonly LoadedState[]> {
  const weights = await archive.tensors('weights')
  const constants = await archive.tensors('constants')
  const loaded = new Map<string, Parameter | Buffer>()
  const states: LoadedState[] = []
  checkStatePaths(inputs)
  for (const input of inputs) {
    if (input.kind !== 'state') continue
    const { path, role, at } = input
    const stored =
      (role === 'constant' ? constants : weights).get(path) ?? at.fail('a state with a tensor', `"${path}"`)
    const key = `${role} ${stored.key}`
    checkType(input, stored.meta, types)
    const tensor = loaded.get(key) ?? (await loadState(archive, stored, role))
    loaded.set(key, tensor)
    states.push({ path, tensor })
  }
  return states
}

/** What is stored has the type that the graph was recorded with. */
function checkType({ name, at }: ProgramInput, stored: TensorType, types: JsonView): void {
  const recorded = types.optional(name) ?? at.fail('an input with a type', `"${name}"`)
  const expected = formatType(readTensorType(recorded))
  if (formatType(stored) !== expected)
    at.fail(`a tensor ${expected}, as the graph has it`, formatType(stored))
}

async function loadState(
  archive: Pt2Archive,
  stored: StoredTensor,
  role: 'parameter' | 'buffer' | 'constant',
): Promise<Parameter | Buffer> {
  const array = await archive.read(stored)
  return role === 'parameter'
    ? new Parameter(array, stored.meta.requiresGrad)
    : new Buffer(array, role === 'buffer')
}

function buildGraph(builder: GraphBuilder, { inputs, outputs, mutations }: Signature): Graph {
  for (const input of inputs) builder.addInput(input)
  builder.addNodes()
  for (const { name, path, at } of mutations) builder.assign(path, builder.valueOf(name, at), undefined)
  const results = outputs.map(({ name, at }) => builder.valueOf(name, at))
  return new Graph(builder.inputs, builder.nodes, results)
}

function outputTree(graphModule: JsonView, { outputPlaces }: Signature): OutputTree {
  return readTree(callSignature(graphModule).field('out_spec'), outputPlaces) ?? []
}

/** The arrangement of each argument: those by position, then those by keyword. */
function inputTrees(graphModule: JsonView, { argumentPlaces }: Signature): readonly OutputTree[] {
  const tree = readTree(callSignature(graphModule).field('in_spec'), argumentPlaces) ?? []
  return Object.values(tree).flatMap((group: OutputTree) =>
    group === null || typeof group === 'number' ? [group] : Object.values(group),
  )
}

/** How the whole program is called. */
function callSignature(graphModule: JsonView): JsonView {
  const calls = graphModule.field('module_call_graph')
  const root = calls.items().find((entry) => entry.field('fqn').string() === '')
  return (root ?? calls.fail('an entry for the whole program')).field('signature')
}
