import { type AnyModule, FakeQuantize, inspectEager, type Tensor } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'
import { callModel } from './eager-case.ts'
import { compareClosely, compareOutput, type OutputRule, stepOf } from './graph-numbers.ts'
import { isQuestion } from './shape-questions.ts'

/** Least signal to noise of the outputs of fake-quantized models; all models of this family are shallow. */
export const MIN_SNR_DB = 40
/** How far scales and ranges may be apart; zero points may be one apart. */
const STATE = { relative: 1e-5 }
const ZERO_POINT = { relative: 0, absolute: 1 }

/**
 * Compares what the fake quantizers of a prepared model have stored with everything recorded under a prefix.
 * @param prefix what the names of the recorded states begin with: `after_calib`
 */
export async function compareQuantizerStates(
  model: AnyModule,
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  tolerance: { readonly relative: number } = STATE,
): Promise<Divergence | undefined> {
  const buffers = new Map<string, Tensor>(
    inspectEager(model).fakeQuantizers.flatMap(({ path, fakeQuantize }) =>
      Array.from(
        fakeQuantize.qparams_calculator.namedBuffers(),
        ([field, buffer]) => [`${prefix}.${path}.${field}`, buffer] as const,
      ),
    ),
  )
  const keys = [...recorded.keys()].filter((key) => key.startsWith(`${prefix}.`) && !isQuestion(key))
  for (const key of keys) {
    const expected = recorded.get(key)
    const buffer = buffers.get(key)
    if (expected === undefined || buffer === undefined)
      return { where: key, expected: 'a fake quantizer that has it', got: 'none' }
    const rule = key.endsWith('.zero_point') ? ZERO_POINT : tolerance
    const divergence = compareClosely(key, expected, await buffer.array(), rule)
    if (divergence !== undefined) return divergence
  }
  return undefined
}

/** Runs a model and compares its outputs with those recorded under `<prefix>.<batch>.<output>`. */
export async function compareRuns(
  model: AnyModule,
  batches: readonly (readonly Tensor[])[],
  expected: ReadonlyMap<string, HostArray>,
  prefix: string,
  rule: OutputRule,
): Promise<Divergence | undefined> {
  let compared = 0
  for (const [b, batch] of batches.entries()) {
    const outputs = await callModel(model, batch)
    for (const [i, output] of outputs.entries()) {
      const key = `${prefix}.${b}.${i}`
      const recorded = expected.get(key)
      if (recorded === undefined) return { where: key, expected: 'no such output', got: 'one' }
      const divergence = compareOutput(key, recorded, await output.array(), rule, i)
      if (divergence !== undefined) return divergence
      compared++
    }
  }
  const recordings = [...expected.keys()].filter((key) => key.startsWith(`${prefix}.`)).length
  if (compared === recordings) return undefined
  return { where: prefix, expected: `${recordings} outputs`, got: String(compared) }
}

/** The rule for the outputs of a prepared model: which of them come straight from a fake quantizer is found by one more call. */
export async function eagerOutputRule(model: AnyModule, batch: readonly unknown[]): Promise<OutputRule> {
  const steps = new Map<number, (value: number) => number>()
  for (const [i, maker] of (await outputQuantizers(model, batch)).entries()) {
    if (maker === undefined || maker.qparams_calculator.isStateless) continue
    steps.set(i, await stepOf(maker))
  }
  const isQuantized = inspectEager(model).fakeQuantizers.length > 0
  return { isQuantized, steps, minSnrDb: MIN_SNR_DB }
}

/** The fake quantizer that made each of the outputs of a call, undefined for an output that none made. */
async function outputQuantizers(
  model: AnyModule,
  inputs: readonly unknown[],
): Promise<(FakeQuantize | undefined)[]> {
  const makers = new Map<unknown, FakeQuantize>()
  const hooks: (() => void)[] = []
  for (const [, module] of model.namedModules()) {
    if (module instanceof FakeQuantize)
      hooks.push(module.registerForwardHook((_, __, output) => void makers.set(output, module)))
  }
  const outputs = await callModel(model, inputs)
  for (const remove of hooks) remove()
  return outputs.map((output) => makers.get(output))
}
