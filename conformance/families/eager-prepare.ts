import type { AnyModule, EagerFakeQuantizer, EagerInspection, RecordedCall } from 'lowbit'
import type { JsonObject, PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import {
  calibrateEagerCase,
  callModel,
  type EagerCase,
  type PreparedEagerCase,
  prepareEagerCase,
} from './eager-case.ts'
import { compareModuleTree } from './eager-modules.ts'
import { compareError } from './error-classes.ts'
import { readRecorded } from './graph-recordings.ts'
import { compareDicts } from './recorded-dicts.ts'
import { countWarnings, recordedSpec, specFields } from './recorded-quantizers.ts'
import { withoutQuestions } from './shape-questions.ts'

/** A tensor of a recorded call: name of its fake quantizer, whether settings of operations give one, number of the tensor. */
type RecordedTensor = readonly [name: string, isSpecified: boolean, tensor: number]

/** A recorded call. */
interface RecordedOp {
  readonly module: string
  readonly func: string
  readonly count: number
  readonly op_name: string
  readonly inputs: readonly RecordedTensor[]
  readonly outputs: readonly RecordedTensor[]
}

interface RecordedFakeQuant {
  readonly name: string
  readonly object: number
  readonly role: string
  readonly owner: string
  readonly attr?: string
  readonly state?: string
  readonly observer_enabled: number
  readonly fake_quant_enabled: number
  readonly disabled: boolean
  readonly spec: JsonObject
}

interface RecordedError {
  readonly error: string
}

/** What prepared.json says of a configuration. */
interface RecordedPreparation {
  readonly ops: readonly RecordedOp[]
  readonly fake_quants: readonly RecordedFakeQuant[]
  readonly activation_handler_installed: boolean
  readonly registered: JsonObject
  readonly log_warnings: JsonObject
  readonly modules: readonly (readonly [name: string, type: string])[]
  readonly module_to_fqs: JsonObject
  readonly prepare_error?: RecordedError
  readonly run_error?: RecordedError
  readonly extra_eval?: readonly ('ok' | RecordedError)[]
}

/** Checks the part `prepare`: recorded calls, fake quantizers, modules, warnings, and what other control flow does. */
export async function checkEagerPrepare(context: PartContext): Promise<Divergence | undefined> {
  const asked = readRecorded<RecordedPreparation>(context.configFolder ?? '', 'prepared.json')
  if (asked.prepare_error !== undefined) {
    const thrown = await errorOf(() => prepareEagerCase(context))
    return compareError('prepare_error', asked.prepare_error.error, thrown)
  }
  const recorded = withoutQuestions(asked)
  const own = await prepareEagerCase(context)
  return comparePreparation(recorded, own) ?? (await compareExecution(recorded, own))
}

function comparePreparation(
  recorded: RecordedPreparation,
  { inspection, model, warnings }: PreparedEagerCase,
): Divergence | undefined {
  const { quantizesActivations: isWatched, fakeQuantizers } = inspection
  return (
    compareDicts('ops', numbered(recorded.ops.map(readOp)), numbered(inspection.calls.map(callFields))) ??
    compareDicts('activation_handler_installed', recorded.activation_handler_installed, isWatched) ??
    compareDicts('registered', recorded.registered, registeredNames(inspection)) ??
    compareDicts('fake_quants', recordedQuantizers(recorded), ownQuantizers(fakeQuantizers)) ??
    compareDicts('module_to_fqs', recordedCounts(recorded), countModules(fakeQuantizers, model)) ??
    compareModuleTree('modules', recorded.modules, model) ??
    compareDicts('log_warnings', recorded.log_warnings, loggedKinds(warnings))
  )
}

/** Warnings of the kinds that are counted; those that the reference gives as a UserWarning are not recorded here. */
function loggedKinds(warnings: readonly string[]): JsonObject {
  const { others: _, ...counts } = countWarnings(warnings)
  return counts
}

/** Runs the recorded data where that fails by record, and the inputs that may take another path. */
async function compareExecution(
  { run_error: failure, extra_eval: extras = [] }: RecordedPreparation,
  own: EagerCase,
): Promise<Divergence | undefined> {
  const { model, inputs } = own
  if (failure !== undefined) {
    const thrown = await errorOf(async () => {
      await runAll(own)
      await calibrateEagerCase(own)
    })
    return compareError('run_error', failure.error, thrown)
  }
  for (const [i, expected] of extras.entries()) {
    const thrown = await errorOf(() => callModel(model, inputs.at(`extra.${i}`)))
    if (expected === 'ok' && thrown === undefined) continue
    if (expected === 'ok') return { where: `extra_eval[${i}]`, expected: 'no error', got: String(thrown) }
    const divergence = compareError(`extra_eval[${i}]`, expected.error, thrown)
    if (divergence !== undefined) return divergence
  }
  return undefined
}

async function runAll({ model, inputs }: EagerCase): Promise<void> {
  for (const batch of inputs.batches('eval')) {
    for (const output of await callModel(model, batch)) await output.realize()
  }
}

async function errorOf(body: () => Promise<unknown>): Promise<unknown> {
  try {
    await body()
  } catch (error) {
    return error
  }
  return undefined
}

/** A call as both sides say it. */
interface CallFields {
  readonly module: string
  readonly function: string
  readonly count: number
  readonly name: string
  readonly inputs: readonly RecordedTensor[]
  readonly outputs: readonly RecordedTensor[]
}

function readOp({ module, func, count, op_name: name, inputs, outputs }: RecordedOp): CallFields {
  return { module, function: func, count, name, inputs, outputs }
}

function callFields({ module, function: base, count, name, inputs, outputs }: RecordedCall): CallFields {
  const read = (tensors: RecordedCall['inputs']) =>
    tensors.map(
      ({ fakeQuantizer, isSpecified, tensor }): RecordedTensor => [fakeQuantizer, isSpecified, tensor],
    )
  return { module, function: base, count, name, inputs: read(inputs), outputs: read(outputs) }
}

/** Tensors by the order in which they come up first: which numbers they have does not matter. */
function numbered(calls: readonly CallFields[]): CallFields[] {
  const numbers = new Map<number, number>()
  const renumber = ([name, isSpecified, tensor]: RecordedTensor): RecordedTensor => {
    const number = numbers.get(tensor) ?? numbers.size
    numbers.set(tensor, number)
    return [name, isSpecified, number]
  }
  return calls.map((call) => ({
    ...call,
    inputs: call.inputs.map(renumber),
    outputs: call.outputs.map(renumber),
  }))
}

function registeredNames({ registered }: EagerInspection): JsonObject {
  return Object.fromEntries(
    Array.from(registered, ([module, functions]) => [
      module,
      Object.fromEntries(
        Array.from(functions, ([base, calls]) => [
          base,
          calls.map(({ inputs, outputs }) => [inputs, outputs]),
        ]),
      ),
    ]),
  )
}

function recordedQuantizers({ fake_quants: quantizers }: RecordedPreparation): unknown {
  return numberedObjects(
    quantizers.map(({ name: path, object, owner: module, attr, state, spec, ...rest }) => {
      const { role, observer_enabled: observer, fake_quant_enabled: fakeQuant, disabled } = rest
      const name = attr ?? state
      return {
        object,
        fields: { path, role, module, name, observer, fakeQuant, disabled, ...recordedSpec(spec) },
      }
    }),
  )
}

function ownQuantizers(quantizers: readonly EagerFakeQuantizer[]): unknown {
  return numberedObjects(
    quantizers.map(({ path, role, module, name, fakeQuantize }) => ({
      object: fakeQuantize,
      fields: {
        path,
        role,
        module,
        name,
        observer: Number(fakeQuantize.observerEnabled),
        fakeQuant: Number(fakeQuantize.fakeQuantEnabled),
        disabled: fakeQuantize.isDisabled,
        ...specFields(fakeQuantize.spec, fakeQuantize.target),
        granularity: fakeQuantize.granularity.toDict(),
      },
    })),
  )
}

/** Objects by the order in which they come up first. */
function numberedObjects(
  quantizers: readonly { readonly object: unknown; readonly fields: JsonObject }[],
): unknown {
  const objects = [...new Set(quantizers.map(({ object }) => object))]
  return quantizers.map(({ object, fields }) => ({ object: objects.indexOf(object), ...fields }))
}

/** The reference counts the states of the model itself under `parametrizations`, where no module is that settings could name. */
function recordedCounts({ module_to_fqs: counts }: RecordedPreparation): JsonObject {
  const { parametrizations = 0, ...others } = counts
  const own = Number(others[''] ?? 0) + Number(parametrizations)
  return own === 0 ? others : { ...others, '': own }
}

/** How many fake quantizers each module has; one of several names is counted under the first. */
function countModules(quantizers: readonly EagerFakeQuantizer[], model: AnyModule): JsonObject {
  const names = new Set(Array.from(model.namedModules(), ([path]) => path))
  const counts: Record<string, number> = {}
  for (const { module } of quantizers) if (names.has(module)) counts[module] = (counts[module] ?? 0) + 1
  return counts
}
