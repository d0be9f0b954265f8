import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { calibrateEagerCase, type EagerCase, prepareEagerCase } from './eager-case.ts'
import { compareQuantizerStates, compareRuns, eagerOutputRule } from './eager-numbers.ts'
import { readRecorded, readTensors } from './graph-recordings.ts'

/**
 * Checks the part `calibrate`: states of fake quantizers and outputs after preparing, and after the recorded calibration. Where the data takes
 * another path than the example, the recording ends at the failure, which the part `prepare` checks.
 */
export async function checkEagerCalibrate(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const recorded = readTensors(configFolder, 'calibrated.safetensors')
  const { run_error: failure } = readRecorded<{ run_error?: unknown }>(configFolder, 'prepared.json')
  const own = await prepareEagerCase(context)
  const states = await compareQuantizerStates(own.model, recorded, 'after_prepare')
  if (states !== undefined) return states
  if (failure !== undefined) return compareOutputs(own, recorded, 'out.prepared', batchesIn(recorded))
  const before = await compareOutputs(own, recorded, 'out.prepared')
  if (before !== undefined) return before
  await calibrateEagerCase(own)
  return (
    (await compareQuantizerStates(own.model, recorded, 'after_calib')) ??
    (await compareOutputs(own, recorded, 'out.calibrated'))
  )
}

/** Compares the outputs of a prepared model for the recorded evaluation batches, or for the first ones. */
export async function compareOutputs(
  { model, inputs }: EagerCase,
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  count?: number,
): Promise<Divergence | undefined> {
  const batches = inputs.batches('eval').slice(0, count)
  const [first] = batches
  if (first === undefined) return undefined
  return compareRuns(model, batches, recorded, prefix, await eagerOutputRule(model, first))
}

/** For how many batches there are outputs of the prepared model. */
function batchesIn(recorded: ReadonlyMap<string, HostArray>): number {
  const keys = [...recorded.keys()].filter((key) => key.startsWith('out.prepared.'))
  return new Set(keys.map((key) => key.split('.')[2])).size
}
