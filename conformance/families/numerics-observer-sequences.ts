import {
  type FakeQuantize,
  fromHost,
  loadStateDict,
  makeFakeQuantize,
  QuantizationSpec,
  stateDict,
  type Tensor,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareQParams, compareState } from './quantizer-state.ts'
import { readGranularity, readTarget } from './recorded-specs.ts'
import { compareTensors, tensorNamed } from './tensors.ts'

/** A fake quantizer under test, what it warned of, and what it saw last. */
interface Subject {
  readonly quantizer: FakeQuantize
  readonly spec: QuantizationSpec
  readonly warnings: string[]
  input: Tensor | undefined
}

/** Checks an entry of numerics/observer_sequences: switches and forwards in turn, with the whole state after each. */
export async function checkObserverSequence(context: EntryContext): Promise<Divergence | undefined> {
  const { entry } = context
  const spec = QuantizationSpec.fromDict(entry.spec)
  const warnings: string[] = []
  const logger = { warn: (message: string) => warnings.push(message) }
  const quantizer = makeFakeQuantize(spec, readTarget(entry.target), { logger })
  const subject: Subject = { quantizer, spec, warnings, input: undefined }
  const initial = await compareWhole(context, entry.initial as JsonObject, subject)
  if (initial !== undefined) return { ...initial, where: `initial.${initial.where}` }
  for (const [i, op] of (entry.ops as JsonObject[]).entries()) {
    warnings.length = 0
    const divergence =
      (await checkOp(context, op, subject)) ??
      compareWarning(op, subject) ??
      (await compareWhole(context, op.state as JsonObject, subject))
    if (divergence !== undefined)
      return { ...divergence, where: `ops[${i}] ${String(op.op)}: ${divergence.where}` }
  }
  return undefined
}

async function checkOp(
  context: EntryContext,
  op: JsonObject,
  subject: Subject,
): Promise<Divergence | undefined> {
  let result: (() => Promise<Divergence | undefined>) | undefined
  try {
    result = await perform(context, op, subject)
  } catch (error) {
    return compareError('error', op.error ?? 'no error', error)
  }
  return op.error === undefined ? result?.() : compareError('error', op.error, undefined)
}

/** Does what an op says, and gives the check of what came out. */
async function perform(
  context: EntryContext,
  op: JsonObject,
  subject: Subject,
): Promise<(() => Promise<Divergence | undefined>) | undefined> {
  const { quantizer, spec } = subject
  switch (op.op) {
    case 'forward':
      return forward(context, op, subject)
    case 'disable_observer':
      quantizer.disableObserver()
      return undefined
    case 'enable_observer':
      quantizer.enableObserver(op.enabled === true)
      return undefined
    case 'disable_fake_quant':
      quantizer.disableFakeQuant()
      return undefined
    case 'enable_fake_quant':
      quantizer.enableFakeQuant(op.enabled === true)
      return undefined
    case 'set_export_mode':
      quantizer.setExportMode(op.enabled === true)
      return undefined
    case 'set_granularity':
      quantizer.setGranularity(readGranularity(op.granularity))
      return undefined
    case 'calculate_qparams': {
      const qparams = quantizer.qparams()
      const [scale, zeroPoint, minval] = op.result as unknown[]
      return () => compareQParams(context, { scale, zero_point: zeroPoint, minval }, qparams)
    }
    case 'load_state_into_fresh': {
      const fresh = makeFakeQuantize(spec, quantizer.target)
      loadStateDict(fresh, await stateDict(quantizer))
      return undefined
    }
    default:
      throw new RangeError(`Cannot check an op: expected one that is known, got ${String(op.op)}`)
  }
}

function forward(
  context: EntryContext,
  op: JsonObject,
  subject: Subject,
): () => Promise<Divergence | undefined> {
  const input = fromHost(tensorNamed(context, op.input))
  const output = subject.quantizer(input)
  subject.input = input
  return async () => {
    if (op.same_as_input !== (output === input))
      return { where: 'same_as_input', expected: String(op.same_as_input), got: String(output === input) }
    return compareTensors('output', tensorNamed(context, op.output), await output.array())
  }
}

/** The reference only logs that a quantizer switches itself off. */
function compareWarning({ warning }: JsonObject, { warnings, quantizer }: Subject): Divergence | undefined {
  const counted = quantizer.isDisabled
    ? warnings.filter((text) => !text.includes('switches itself off'))
    : warnings
  const expected = warning === undefined ? 0 : 1
  return counted.length === expected
    ? undefined
    : { where: 'warnings', expected: String(expected), got: JSON.stringify(counted) }
}

async function compareWhole(
  context: EntryContext,
  state: JsonObject,
  { quantizer, input }: Subject,
): Promise<Divergence | undefined> {
  const { isStateless } = quantizer.qparams_calculator
  const got: JsonObject = {
    observer_enabled: quantizer.observerEnabled ? 1 : 0,
    fake_quant_enabled: quantizer.fakeQuantEnabled ? 1 : 0,
    disabled: quantizer.isDisabled,
    initialized: quantizer.isInitialized,
    export_mode: isStateless ? null : quantizer.isExporting,
    state_dict_keys: [...quantizer.namedBuffers()].map(([name]) => name).sort(),
  }
  for (const [key, value] of Object.entries(got)) {
    if (JSON.stringify(state[key]) !== JSON.stringify(value))
      return { where: key, expected: JSON.stringify(state[key]), got: JSON.stringify(value) }
  }
  const observed = isStateless && input !== undefined ? quantizer.observe(input) : undefined
  return isStateless && observed === undefined ? undefined : compareState(context, state, quantizer, observed)
}
