import { ExportBackend, type GraphModule, stateDict } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareOutputs } from './graph-calibrate.ts'
import { calibrateToFinalize, prepareCase, quantizesWeights } from './graph-case.ts'
import { expectedOutputs, lostBiases } from './graph-expected-outputs.ts'
import { compareClosely, numbersOf } from './graph-numbers.ts'
import { type RecordedNode, readRecorded, readTensors } from './graph-recordings.ts'
import { compareGraphs, isBatchCounter } from './graph-structure.ts'

/** What finalized.json says of the form that is run and not exported. */
interface RecordedFinalized {
  readonly _TORCH: { readonly graph: readonly RecordedNode[] }
}

/** Checks the part `finalize:_TORCH`: the graph with its batch norms folded, the states that changed, and outputs. */
export async function checkTorchForm(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const prepared = await prepareCase(context)
  await calibrateToFinalize(prepared, quantizesWeights(context))
  const finalized: GraphModule = await prepared.quantizer.finalize({ backend: ExportBackend._TORCH })
  const { graph } = readRecorded<RecordedFinalized>(configFolder, 'finalized.json')._TORCH
  const recorded = readTensors(configFolder, 'finalized.safetensors')
  const lost = lostBiases(prepared.prepared)
  const [outputs] = expectedOutputs(configFolder, '_TORCH', recorded, lost)
  return (
    compareGraphs(graph, finalized.graph) ??
    (await compareStates(finalized, recorded, lost)) ??
    (outputs && (await compareOutputs(prepared, outputs.tensors, outputs.prefix, finalized)))
  )
}

/** Compares the states that the finalized graph reads with those that were recorded because finalizing changed them. */
async function compareStates(
  model: GraphModule,
  recorded: ReadonlyMap<string, HostArray>,
  lost: ReadonlySet<string>,
): Promise<Divergence | undefined> {
  for (const [name, array] of await stateDict(model)) {
    const expected = recorded.get(`_TORCH.state.${name}`)
    if (expected === undefined || isBatchCounter(name) || lost.has(name)) continue
    const largest = numbersOf(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const tolerance = { relative: 1e-5, absolute: 1e-6 * largest }
    const divergence = compareClosely(`state ${name}`, expected, array, tolerance)
    if (divergence !== undefined) return divergence
  }
  return undefined
}
