import {
  type FakeQuantize,
  GraphModule,
  inspectEager,
  Linear,
  type ModeScope,
  type Module,
  ModuleQuantizerConfig,
  QATSchedule,
  Quantizer,
  QuantizerConfig,
  type Tensor,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { qatModel } from '../models/qat-models.ts'
import { compareError } from './error-classes.ts'
import { compareDicts } from './recorded-dicts.ts'
import { capturingLogger } from './warnings.ts'

/** Checks an entry of numerics/qat_schedule: the states of a schedule, or a script of training on a small model. */
export function checkQatSchedule(
  context: EntryContext,
): Promise<Divergence | undefined> | Divergence | undefined {
  return context.list === 'validation' ? checkValidation(context.entry) : checkScript(context.entry)
}

/** Keys that the reference drops silently, and lowbit refuses. */
const KNOWN_KEYS: ReadonlySet<string> = new Set(['enable_observer', 'enable_fake_quant', 'disable_observer'])

function checkValidation({ args, error, states, dump }: JsonObject): Divergence | undefined {
  const isUnknown = Object.keys(args as JsonObject).some((key) => !KNOWN_KEYS.has(key))
  const recorded = isUnknown ? 'ValidationError' : error
  let schedule: QATSchedule
  try {
    schedule = QATSchedule.fromDict(args)
  } catch (thrown) {
    return compareError('error', recorded ?? 'no error', thrown)
  }
  if (recorded !== undefined) return compareError('error', recorded, undefined)
  const got = (states as unknown[] | undefined)?.map((_, count) => {
    const { observer, fakeQuant } = schedule.stateAt(count)
    return [observer, fakeQuant]
  })
  return compareDicts('dump', dump, schedule.toDict()) ?? compareDicts('states', states, got)
}

/** A prepared model, and where a script stands. */
interface Subject {
  readonly model: Module
  readonly prepared: Module
  readonly input: Tensor
  readonly quantizer: Quantizer
  readonly warnings: string[]
  /** Modes that are open, the innermost last. */
  readonly scopes: ModeScope[]
}

async function checkScript(entry: JsonObject): Promise<Divergence | undefined> {
  const { logger, warnings } = capturingLogger()
  const { model, input } = qatModel(entry.model)
  const quantizer = new Quantizer(model, configIn(entry), { logger })
  const prepared: Module = Object(await quantizer.prepare([input]))
  const subject: Subject = { model, prepared, input, quantizer, warnings, scopes: [] }
  const first =
    compareDicts('conflicts', entry.prepare_schedule_conflict_warnings, warnings.length) ??
    compareDicts('after_prepare', entry.after_prepare, stateOf(subject))
  if (first !== undefined) return first
  for (const [i, step] of (entry.trace as JsonObject[]).entries()) {
    const divergence = await checkStep(step, subject)
    if (divergence !== undefined)
      return { ...divergence, where: `trace[${i}] ${String(step.op)}: ${divergence.where}` }
  }
  return undefined
}

async function checkStep(step: JsonObject, subject: Subject): Promise<Divergence | undefined> {
  const { prepared, quantizer, warnings } = subject
  warnings.length = 0
  let thrown: unknown
  try {
    await perform(String(step.op), subject)
  } catch (error) {
    thrown = error
  }
  if (step.error !== undefined || thrown !== undefined) {
    const divergence = compareError('error', step.error ?? 'no error', thrown)
    if (divergence !== undefined) return divergence
  }
  const recorded = (step.warnings as unknown[] | undefined) ?? []
  return (
    compareDicts('warnings', recorded.length, warnings.length) ??
    compareDicts('step_count', step.step_count, quantizer.stepCount) ??
    compareDicts('model_training', step.model_training, prepared.training) ??
    compareDicts('state', step.state, stateOf(subject))
  )
}

/** Does what an entry of a script says: `enter`, `step`, `api:enable_observer@b`. */
async function perform(op: string, { model, prepared, input, quantizer, scopes }: Subject): Promise<void> {
  const [, api, path] = /^api:(\w+)(?:@(.*))?$/.exec(op) ?? []
  if (api !== undefined) {
    switchQuantizers(quantizer, api, path === undefined ? undefined : moduleAt(model, path))
    return
  }
  switch (op) {
    case 'enter':
      scopes.push(quantizer.trainingMode())
      return
    case 'enter_calib':
      scopes.push(quantizer.calibrationMode({ fakeQuantWeights: true }))
      return
    case 'exit':
      await scopes.pop()?.[Symbol.asyncDispose]()
      return
    case 'step':
      quantizer.step()
      return
    case 'forward':
      await prepared(input).realize()
      return
    default:
      throw new RangeError(`Cannot follow a script: expected an operation that is known, got ${op}`)
  }
}

function switchQuantizers(quantizer: Quantizer, api: string, module: Module | undefined): void {
  const switches: Readonly<Record<string, (module?: Module) => void>> = {
    enable_observer: (target) => quantizer.enableObserver(target),
    disable_observer: (target) => quantizer.disableObserver(target),
    enable_fake_quant: (target) => quantizer.enableFakeQuant(target),
    disable_fake_quant: (target) => quantizer.disableFakeQuant(target),
  }
  switches[api]?.(module)
}

/** The module at a path, or one that does not belong to the model. */
function moduleAt(model: Module, path: string): Module {
  for (const [name, module] of model.namedModules()) if (name === path) return Object(module)
  return new Linear(1, 1)
}

/** The switches of all fake quantizers by the module that they belong to. */
function stateOf({ prepared, quantizer }: Subject): JsonObject {
  const state: Record<string, unknown[]> = {}
  for (const { module, fakeQuantize } of placedQuantizers(prepared, quantizer)) {
    const { target, observerEnabled, fakeQuantEnabled } = fakeQuantize
    state[module] ??= []
    state[module].push({ target, observer: Number(observerEnabled), fake_quant: Number(fakeQuantEnabled) })
  }
  return state
}

/** In eager mode in the order of modules, in graph mode in the order of the nodes that call them. */
function placedQuantizers(
  prepared: Module,
  quantizer: Quantizer,
): readonly { readonly module: string; readonly fakeQuantize: FakeQuantize }[] {
  const graphModule: unknown = prepared
  if (!(graphModule instanceof GraphModule)) return inspectEager(prepared).fakeQuantizers
  const reports = new Map(quantizer.inspect().fakeQuantizers.map((report) => [report.name, report]))
  return graphModule.graph.nodes.flatMap(({ attrs: { target } }) => {
    const report = typeof target === 'string' ? reports.get(target) : undefined
    return report === undefined ? [] : [report]
  })
}

function configIn({ config, mode }: JsonObject): QuantizerConfig {
  const { global = null, types = {}, names = {} } = config as Readonly<Record<string, JsonObject>>
  const named = (configs: JsonObject) =>
    new Map(Object.entries(configs).map(([key, settings]) => [key, moduleConfig(settings)]))
  return new QuantizerConfig({
    globalConfig: moduleConfig(global),
    moduleTypeConfigs: named(types),
    moduleNameConfigs: named(names),
    executionMode: mode === 'eager' ? 'eager' : 'graph',
  })
}

/** What is quantized: `weight`, `act_in` (inputs of operations as well), or `full` (their outputs as well); all by default specs. */
function moduleConfig(recorded: unknown): ModuleQuantizerConfig | null {
  if (recorded === null) return null
  const { kind, schedule } = recorded as JsonObject
  return new ModuleQuantizerConfig({
    ...(kind === 'weight' ? { opInputSpec: null } : {}),
    ...(kind === 'full' ? {} : { opOutputSpec: null }),
    qatSchedule: schedule === null ? null : QATSchedule.fromDict(schedule),
  })
}
