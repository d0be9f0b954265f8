import { type ZipFile, zipPieces } from '../../codec/zip-writer.ts'
import { Graph } from '../../ir/graph.ts'
import { assignState } from '../../nn/assign-state.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { narrowBits, unwritable } from './coreai-call.ts'
import { type ProgramState, programCall, programJson } from './program-json.ts'
import { SizeNames } from './size-json.ts'

/** A state with its elements, as the archive holds them. */
interface StoredState extends ProgramState {
  readonly content: HostArray
}

/** A tensor of the archive. */
interface Weight {
  readonly path: string
  readonly content: HostArray
  readonly isParameter: boolean
}

/**
 * A captured model, or one that is finalized for Core AI, as the pieces of an archive that `torch.export.load` reads. What is not for Core AI holds ATen's
 * operations alone.
 *
 * @param name name of the archive's root folder
 * @throws ExportError with everything that a program cannot hold
 */
export async function exportedProgram(module: GraphModule, name: string): Promise<Iterable<Uint8Array>> {
  const graph = withoutUpdates(module.graph)
  refuse(graph)
  const narrow = narrowWeights(graph)
  const states = await Promise.all(
    graph.inputs.filter(({ kind }) => kind === 'state').map((input) => storedState(module, input, narrow)),
  )
  const users = graph.inputs.filter(({ kind }) => kind === 'input')
  const json = programJson({
    graph,
    states,
    inputTrees: module.inputTrees ?? users.map((_, i) => i),
    outputTree: module.outputTree,
    metadata: { producer: 'lowbit' },
  })
  const bits = states.flatMap(({ input, path }): Weight[] => {
    const width = narrow.get(input.name)
    if (width === undefined) return []
    const content = fromValues('int64', [], [width])
    return [{ path: path.replace(/[^.]+$/, 'quantization_n_bits'), content, isParameter: false }]
  })
  return zipPieces(filesOf(name, json, [...states, ...bits]))
}

/** The graph without what only changes states. */
function withoutUpdates({ inputs, nodes, outputs }: Graph): Graph {
  const kept = nodes.filter(({ op }) => op.name !== assignState.name)
  const read = new Set([...kept.flatMap((node) => node.inputs), ...outputs])
  return new Graph(
    inputs.filter(({ kind, value }) => kind === 'input' || read.has(value)),
    kept,
    outputs,
  )
}

function refuse({ nodes }: Graph): void {
  const problems = nodes.flatMap((node) => {
    const found = unwritable(node)
    if (found !== undefined) return [{ node, text: `${found.problem} (${found.instead} would work)` }]
    if (node.op.name === 'lowbit.call_module')
      return [{ node, text: 'a fake quantizer (finalize for the backend "coreai" first)' }]
    return programCall(node) === undefined ? [{ node, text: `the operation ${node.op.name}` }] : []
  })
  if (problems.length === 0) return
  const list = problems.map(({ node, text }) => `"${node.name}": ${text}`)
  throw new ExportError(
    `Cannot write an exported program: expected what its format can hold, got ${list.join('; ')}`,
    problems.map(({ node }) => node.name),
  )
}

/** Bits of the quantized weights that are narrower than their bytes, by name of the state. */
function narrowWeights({ inputs, nodes }: Graph): Map<string, number> {
  const names = new Map(inputs.map(({ value, name }) => [value, name]))
  const narrow = new Map<string, number>()
  for (const node of nodes) {
    const [data] = node.inputs
    const name = data ? names.get(data) : undefined
    const bits = narrowBits(node)
    if (name !== undefined && bits !== undefined) narrow.set(name, bits)
  }
  return narrow
}

async function storedState(
  module: GraphModule,
  input: ProgramState['input'],
  narrow: ReadonlyMap<string, number>,
): Promise<StoredState> {
  const member = getMember(module, input.name)
  if (!(member instanceof Parameter || member instanceof Buffer))
    throw new RangeError(`Cannot write a program: expected a parameter or buffer "${input.name}", got none`)
  const array = await member.array()
  const content =
    array.dtype === 'float4_e2m1fn_x2'
      ? new HostArray('uint8', [...array.shape.slice(0, -1), (array.shape.at(-1) ?? 0) / 2], array.bytes)
      : array
  // Beside its data, under a folder of its own, a weight has how many bits it takes.
  const path = narrow.has(input.name) ? input.name.replace(/_quantized$/, '.quantized_data') : input.name
  return { input, path, isParameter: member instanceof Parameter, type: content, content }
}

function filesOf(name: string, json: string, weights: readonly Weight[]): ZipFile[] {
  const text = (value: string) => new TextEncoder().encode(value)
  const sizes = new SizeNames()
  const config = Object.fromEntries(
    weights.map(({ path, content, isParameter }, i) => [
      path,
      {
        path_name: `weight_${i}`,
        is_param: isParameter,
        use_pickle: false,
        tensor_meta: sizes.tensorJson(content, isParameter && content.dtype.startsWith('float')),
      },
    ]),
  )
  const files = [
    ['archive_format', text('pt2')],
    ['archive_version', text('0')],
    ['byteorder', text('little')],
    ['.data/version', text('6\n')],
    ['models/model.json', text(json)],
    ...weights.map(({ content }, i) => [`data/weights/weight_${i}`, content.bytes] as const),
    ['data/weights/model_weights_config.json', text(JSON.stringify({ config }))],
    ['data/constants/model_constants_config.json', text('{"config": {}}')],
    ['data/sample_inputs/model.pt', new Uint8Array()],
    ['.data/serialization_id', text('0'.repeat(40))],
  ] as const
  return files.map(([path, bytes]) => ({ name: `${name}/${path}`, bytes }))
}
