import { ExportBackend, type GraphModule, stateDict } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareOutputs } from './graph-calibrate.ts'
import { calibrate, prepareCase, quantizesWeights } from './graph-case.ts'
import { compareClosely, numbersOf } from './graph-numbers.ts'
import { type RecordedNode, readRecorded, readTensors } from './graph-recordings.ts'
import { compareGraphs } from './graph-structure.ts'

/** What finalized.json says of the form that is run and not exported. */
interface RecordedFinalized {
  readonly _TORCH: { readonly graph: readonly RecordedNode[] }
}

/** Checks the part `finalize:_TORCH`: the graph with its batch norms folded, the states that changed, and outputs. */
export async function checkTorchForm(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const prepared = await prepareCase(context)
  await calibrate(prepared, quantizesWeights(context))
  const finalized: GraphModule = await prepared.quantizer.finalize({ backend: ExportBackend._TORCH })
  const { graph } = readRecorded<RecordedFinalized>(configFolder, 'finalized.json')._TORCH
  const recorded = readTensors(configFolder, 'finalized.safetensors')
  return (
    compareGraphs(graph, finalized.graph) ??
    (await compareStates(finalized, recorded)) ??
    (await compareOutputs(prepared, recorded, '_TORCH.out', finalized))
  )
}

/** Compares the states that the finalized graph reads with those that were recorded because finalizing changed them. */
async function compareStates(
  model: GraphModule,
  recorded: ReadonlyMap<string, HostArray>,
): Promise<Divergence | undefined> {
  for (const [name, array] of await stateDict(model)) {
    const expected = recorded.get(`_TORCH.state.${name}`)
    if (expected === undefined) continue
    const largest = numbersOf(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const tolerance = { relative: 1e-5, absolute: 1e-6 * largest }
    const divergence = compareClosely(`state ${name}`, expected, array, tolerance)
    if (divergence !== undefined) return divergence
  }
  return undefined
}
