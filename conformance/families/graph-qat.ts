import { type GraphModule, stateDict } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareOutputs, compareStates } from './graph-calibrate.ts'
import { type PreparedCase, prepareCase } from './graph-case.ts'
import { type OutputRule, outputRule, tensorsIn } from './graph-numbers.ts'
import { type RecordedPreparation, readRecorded, readTensors } from './graph-recordings.ts'
import { isBatchCounter } from './graph-structure.ts'
import {
  compareNamed,
  type Readable,
  type RecordedTraining,
  type Trainee,
  train,
} from './recorded-training.ts'
import { takeReferenceRoots } from './reference-variances.ts'

const LATER = { relative: 1e-2 }

/** Checks the part `qat`: losses, switches, first gradients, and what is left at the end of the recorded training. */
export async function checkQat(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const recorded = readTensors(configFolder, 'qat.safetensors')
  const own = await prepareCase(context)
  const training = readRecorded<RecordedTraining>(configFolder, 'qat.json')
  const preparation = readRecorded<RecordedPreparation>(configFolder, 'prepared.json')
  const trainee = traineeOf(own, preparation, await outputRule(own.prepared, own.quantizer.inspect()))
  const divergence = await own.quantizer.trainingMode(() => train(training, recorded, trainee))
  if (divergence !== undefined) return divergence
  await takeReferenceRoots(own.prepared, own.variances)
  own.prepared.eval()
  return (
    (await compareNamed(withoutCounters(recorded), 'state', await statesOf(own.prepared))) ??
    (await compareStates(own, recorded, 'fq', LATER)) ??
    (await compareOutputs(own, recorded, 'qat_eval'))
  )
}

function traineeOf(
  { prepared, quantizer, inputs, variances }: PreparedCase,
  { fake_quants: calls }: RecordedPreparation,
  rule: OutputRule,
): Trainee {
  const { fakeQuantizers } = quantizer.inspect()
  const byName = new Map(fakeQuantizers.map(({ name, fakeQuantize }) => [name, fakeQuantize]))
  const order = new Set(calls.flatMap(({ node }) => byName.get(node) ?? []))
  return {
    model: prepared,
    inputs,
    rule: { ...rule, steps: new Map() },
    run: async (batch) => {
      await takeReferenceRoots(prepared, variances)
      return tensorsIn(prepared(...batch))[0]
    },
    step: () => quantizer.step(),
    flags: () => Array.from(order, (each) => [Number(each.observerEnabled), Number(each.fakeQuantEnabled)]),
  }
}

/** What was recorded but for the counters of batches. */
function withoutCounters(recorded: ReadonlyMap<string, HostArray>): ReadonlyMap<string, HostArray> {
  return new Map([...recorded].filter(([name]) => !isBatchCounter(name)))
}

/** States under all their names. */
async function statesOf(model: GraphModule): Promise<Map<string, Readable>> {
  return new Map(
    Array.from(await stateDict(model), ([name, array]) => [name, { array: () => Promise.resolve(array) }]),
  )
}
