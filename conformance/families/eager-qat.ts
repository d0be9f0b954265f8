import { type AnyModule, Buffer, inspectEager, Parameter, type Tensor } from 'lowbit'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareOutputs } from './eager-calibrate.ts'
import { callModel, type PreparedEagerCase, prepareEagerCase } from './eager-case.ts'
import { compareQuantizerStates, eagerOutputRule } from './eager-numbers.ts'
import type { OutputRule } from './graph-numbers.ts'
import { readRecorded, readTensors } from './graph-recordings.ts'
import { compareNamed, type RecordedTraining, type Trainee, train } from './recorded-training.ts'
import { flagsWithoutQuestions } from './shape-questions.ts'

const LATER = { relative: 1e-2 }

/** Checks the part `qat`: losses, switches, first gradients, and what is left at the end of the recorded training. */
export async function checkEagerQat(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const recorded = readTensors(configFolder, 'qat.safetensors')
  const own = await prepareEagerCase(context)
  const training = trainingWithoutQuestions(configFolder)
  const trainee = traineeOf(own, await eagerOutputRule(own.model, own.inputs.at('train_x.0')))
  return (
    (await own.quantizer.trainingMode(() => train(training, recorded, trainee))) ??
    (await compareNamed(recorded, 'state', statesOf(own.model))) ??
    (await compareQuantizerStates(own.model, recorded, 'fq', LATER)) ??
    (await compareOutputs(own, recorded, 'qat_eval'))
  )
}

function trainingWithoutQuestions(configFolder: string): RecordedTraining {
  const training = readRecorded<RecordedTraining>(configFolder, 'qat.json')
  const prepared = readRecorded<Parameters<typeof flagsWithoutQuestions>[0]>(configFolder, 'prepared.json')
  const steps = training.steps.map(({ flags_after_step: flags, ...step }) =>
    flags === undefined ? step : { ...step, flags_after_step: flagsWithoutQuestions(prepared, flags) },
  )
  return { ...training, steps }
}

function traineeOf({ model, quantizer, inputs }: PreparedEagerCase, rule: OutputRule): Trainee {
  const quantizers = new Set(inspectEager(model).fakeQuantizers.map(({ fakeQuantize }) => fakeQuantize))
  return {
    model,
    inputs,
    rule,
    run: async (batch) => (await callModel(model, batch))[0],
    step: () => quantizer.step(),
    flags: () =>
      Array.from(quantizers, (each) => [Number(each.observerEnabled), Number(each.fakeQuantEnabled)]),
  }
}

/** Parameters and buffers under each of their names. */
function statesOf(model: AnyModule): Map<string, Tensor> {
  const states = new Map<string, Tensor>()
  for (const [path, module] of model.namedModules({ aliases: true })) {
    for (const [name, member] of module.members()) {
      if (member instanceof Parameter || member instanceof Buffer)
        states.set(path === '' ? name : `${path}.${name}`, member)
    }
  }
  return states
}
