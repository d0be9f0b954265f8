import { ExecutionMode, type GraphModule, noGrad, Quantizer, type Tensor } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { CaseInputs } from './graph-case.ts'
import { loadGraphModel } from './graph-model.ts'
import { compareClosely, numbersOf, tensorsIn } from './graph-numbers.ts'
import { hasFile, isSizeNode, type RecordedNode, readRecorded, readTensors } from './graph-recordings.ts'

/** What exported.json says of a whole model. */
interface RecordedProgram {
  readonly graph: readonly RecordedNode[]
  /** Sorted names, or the error that the reference ended with. */
  readonly compressible_op_names_graph: readonly string[] | { readonly error: string }
}

/** Compares what a loaded program computes, its node names and the names of its compressible operations with the recorded ones. */
export async function checkGraphFloat({ modelFolder }: PartContext): Promise<Divergence | undefined> {
  const outputs = readTensors(modelFolder, 'float_outputs.safetensors')
  const inputs = new CaseInputs(readTensors(modelFolder, 'inputs.safetensors'))
  const recorded = readRecorded<RecordedProgram>(modelFolder, 'exported.json')
  const model = await loadGraphModel(modelFolder)
  const different =
    compareNames('node names', nodeNames(recorded), namesOf(model)) ??
    (await compareModel(model, recorded, inputs, outputs))
  if (different !== undefined || !hasFile(modelFolder, IN_PLACE)) return different
  const inPlace = await compareModel(await loadGraphModel(modelFolder, IN_PLACE), recorded, inputs, outputs)
  return inPlace && { ...inPlace, where: `${IN_PLACE}: ${inPlace.where}` }
}

const IN_PLACE = 'model_in_place.pt2'

async function compareModel(
  model: GraphModule,
  recorded: RecordedProgram,
  inputs: CaseInputs,
  outputs: ReadonlyMap<string, HostArray>,
): Promise<Divergence | undefined> {
  const names = await Quantizer.getCompressibleOpNames(model, ExecutionMode.GRAPH)
  return (
    compareNames('compressible op names', expectedNames(recorded), [...names].sort()) ??
    (await compareOutputs(model, inputs, outputs))
  )
}

async function compareOutputs(
  model: GraphModule,
  inputs: CaseInputs,
  expected: ReadonlyMap<string, HostArray>,
): Promise<Divergence | undefined> {
  const got = new Map<string, Tensor>()
  for (const [batch, args] of inputs.batches('eval').entries()) {
    tensorsIn(noGrad(() => model(...args))).forEach((tensor, i) => {
      got.set(`float.${batch}.${i}`, tensor)
    })
  }
  const different = compareNames('outputs', [...expected.keys()].sort(), [...got.keys()].sort())
  if (different !== undefined) return different
  for (const [name, tensor] of got) {
    const array = expected.get(name)
    const found = array && compareOutput(name, array, await tensor.array())
    if (found !== undefined) return found
  }
  return undefined
}

function compareOutput(name: string, expected: HostArray, got: HostArray): Divergence | undefined {
  if (expected.dtype !== got.dtype)
    return { where: `dtype of ${name}`, expected: expected.dtype, got: got.dtype }
  const range = numbersOf(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return compareClosely(name, expected, got, { relative: 1e-4, absolute: 1e-5 * range })
}

function compareNames(
  where: string,
  expected: readonly string[],
  got: readonly string[],
): Divergence | undefined {
  const i = expected.findIndex((name, k) => name !== got[k])
  if (i < 0 && expected.length === got.length) return undefined
  const at = i < 0 ? expected.length : i
  return { where: `${where}[${at}]`, expected: expected[at] ?? 'the end', got: got[at] ?? 'the end' }
}

/** Names of the nodes that compute tensors; a program's checks are none. */
function nodeNames({ graph }: RecordedProgram): string[] {
  return graph
    .filter(
      ({ op, target }) =>
        op === 'call_function' &&
        target !== 'operator.getitem' &&
        !target.startsWith('aten._assert') &&
        !isSizeNode({ op, target }),
    )
    .map(({ name }) => name)
}

function namesOf({ graph }: GraphModule): string[] {
  return graph.nodes.map(({ name }) => name).filter((name) => name !== '')
}

/** Where the reference fails over two forms of one operation (known defect 3), every node of that kind is compressible. */
function expectedNames(recorded: RecordedProgram): readonly string[] {
  const { compressible_op_names_graph: names } = recorded
  if ('error' in names)
    return nodeNames(recorded)
      .filter((name) => COMPRESSIBLE.test(name))
      .sort()
  return names
}

/** Names of the nodes that some pattern begins with, in the models that the reference could not list. */
const COMPRESSIBLE = /^(?:linear|matmul|einsum|add)(?:_\d+)?$/
