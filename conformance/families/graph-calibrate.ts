import type { GraphModule } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { calibrate, type PreparedCase, prepareCase, quantizesWeights } from './graph-case.ts'
import { compareClosely, compareOutput, type OutputRule, outputRule, tensorsIn } from './graph-numbers.ts'
import { readTensors } from './graph-recordings.ts'

/** How far scales and ranges may be apart; zero points may be one apart. */
const STATE = { relative: 1e-5 }
const ZERO_POINT = { relative: 0, absolute: 1 }

/** Checks the part `calibrate`: states of fake quantizers and outputs after preparing, and after the recorded calibration. */
export async function checkCalibrate(context: PartContext): Promise<Divergence | undefined> {
  const recorded = readTensors(context.configFolder ?? '', 'calibrated.safetensors')
  const prepared = await prepareCase(context)
  const before =
    (await compareStates(prepared, recorded, 'after_prepare')) ??
    (await compareOutputs(prepared, recorded, 'out.prepared'))
  if (before !== undefined) return before
  await calibrate(prepared, quantizesWeights(context))
  return (
    (await compareStates(prepared, recorded, 'after_calib')) ??
    (await compareOutputs(prepared, recorded, 'out.calibrated'))
  )
}

/**
 * Compares what the fake quantizers of a prepared model have stored.
 * @param prefix what the names of the recorded states begin with: `after_calib`
 */
export async function compareStates(
  { quantizer }: Pick<PreparedCase, 'quantizer'>,
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  tolerance: { readonly relative: number } = STATE,
): Promise<Divergence | undefined> {
  for (const { name, fakeQuantize } of quantizer.inspect().fakeQuantizers) {
    for (const [field, buffer] of fakeQuantize.qparams_calculator.namedBuffers()) {
      const key = `${prefix}.${name}.${field}`
      const expected = recorded.get(key)
      if (expected === undefined) continue
      const rule = field === 'zero_point' ? ZERO_POINT : tolerance
      const divergence = compareClosely(key, expected, await buffer.array(), rule)
      if (divergence !== undefined) return divergence
    }
  }
  return undefined
}

/** Compares the outputs of a model for the recorded evaluation batches. */
export async function compareOutputs(
  { prepared, quantizer, inputs }: PreparedCase,
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  model: GraphModule = prepared,
): Promise<Divergence | undefined> {
  const rule = await outputRule(model, quantizer.inspect())
  for (const [batch, given] of inputs.batches('eval').entries()) {
    const divergence = await compareBatch(model(...given), recorded, `${prefix}.${batch}`, rule)
    if (divergence !== undefined) return divergence
  }
  return undefined
}

async function compareBatch(
  result: unknown,
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  rule: OutputRule,
): Promise<Divergence | undefined> {
  const tensors = tensorsIn(result)
  const count = [...recorded.keys()].filter((key) => key.startsWith(`${prefix}.`)).length
  if (count !== tensors.length)
    return { where: prefix, expected: `${count} outputs`, got: String(tensors.length) }
  for (const [i, tensor] of tensors.entries()) {
    const key = `${prefix}.${i}`
    const expected = recorded.get(key)
    if (expected === undefined) return { where: key, expected: 'a recorded output', got: 'none' }
    const divergence = compareOutput(key, expected, await tensor.array(), rule, i)
    if (divergence !== undefined) return divergence
  }
  return undefined
}
