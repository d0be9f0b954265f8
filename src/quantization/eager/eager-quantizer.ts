import { noGrad, runOnce } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import { tensorsIn } from '../../engine/tensor.ts'
import type { AnyModule, Module } from '../../nn/module.ts'
import type { ExportBackend } from '../config/execution-mode.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import { FakeQuantizerTable } from '../fake-quantizer-table.ts'
import { ModelInspector } from '../inspection/model-inspector.ts'
import type { Logger } from '../logger.ts'
import type { FinalizeOptions, PrepareOptions } from '../quantizer-options.ts'
import { checkEagerConfig } from './check-config.ts'
import { evaluating } from './evaluating.ts'
import { finalizeEager } from './finalize/finalize-eager.ts'
import { publishInspection } from './inspection.ts'
import { listEagerOps } from './list-eager-ops.ts'
import { SettingsTable } from './module-settings.ts'
import { placeFakeQuantizers, removeFakeQuantizers } from './place-fake-quantizers.ts'
import {
  fakeQuantizersIn,
  type PlacedModel,
  placedIn,
  registeredCalls,
  rememberPlaced,
} from './placed-model.ts'
import { passOver, quantizeCalls } from './quantized-calls.ts'
import { register } from './registration.ts'
import { EagerReporter } from './report-eager.ts'

/** A prepared model with what its quantizer needs to know. */
export interface PreparedModel {
  readonly model: AnyModule
  readonly table: FakeQuantizerTable
  /** How many inputs a call takes. */
  readonly inputCount: number
  readonly inspector: ModelInspector
}

/** Eager mode: quantizes a model in place, as the module that it is. */
export class EagerQuantizer {
  readonly #model: AnyModule
  readonly #config: QuantizerConfig
  readonly #logger: Logger

  /** @throws ConfigError for a config that only graph mode could follow */
  constructor(model: AnyModule, config: QuantizerConfig, logger: Logger) {
    checkEagerConfig(config, logger)
    this.#model = model
    this.#config = config
    this.#logger = logger
  }

  /** Puts fake quantizers into the model and lets them observe the example. The model is not changed when that fails. */
  async prepare(
    exampleInputs: readonly unknown[],
    { dynamicShapes, exportWithNoGrad = true, signal }: PrepareOptions,
  ): Promise<PreparedModel> {
    if (dynamicShapes !== undefined || !exportWithNoGrad)
      this.#logger.warn(
        'dynamicShapes and exportWithNoGrad have no effect in eager mode: every call may have its own shapes',
      )
    signal?.throwIfAborted()
    const model = this.#model
    if (placedIn(model) !== undefined)
      throw new StateError(
        `Cannot prepare "${model.constructor.name}": expected a model without fake quantizers, got one that another quantizer prepared`,
      )
    const settings = new SettingsTable(model, this.#config)
    const { quantizesActivations } = settings
    const registered = await evaluating(model, () => register(model, settings, exampleInputs, this.#logger))
    signal?.throwIfAborted()
    const modules = [...model.namedModules()]
    const placed = placeFakeQuantizers(model, registered, { quantizesActivations, logger: this.#logger })
    const unwatch = watch(modules, placed)
    const reporter = new EagerReporter(registered.operations, settings, placed)
    const operations = reporter.operations()
    try {
      await observeExample(placed, exampleInputs)
      signal?.throwIfAborted()
    } catch (error) {
      removeFakeQuantizers(placed, () => true)
      unwatch()
      throw error
    }
    rememberPlaced(placed)
    publishInspection(model, () => ({
      calls: registered.calls,
      registered: registeredCalls(placed.modules),
      fakeQuantizers: [...fakeQuantizersIn(model)],
      quantizesActivations,
    }))
    const schedule = (path: string) => settings.at(path)?.config.qatSchedule ?? null
    const table = new FakeQuantizerTable([...fakeQuantizersIn(model)], schedule, this.#logger)
    const inspector = new ModelInspector(reporter.report(operations))
    return { model, table, inputCount: exampleInputs.length, inspector }
  }

  /**
   * The prepared model as a backend needs it; changed in place.
   * @throws StateError for a model that is not prepared; what `finalizeEager` throws
   */
  async finalize(
    model: AnyModule,
    backend: ExportBackend,
    options: Pick<FinalizeOptions, 'mmapDir' | 'signal'> = {},
  ): Promise<AnyModule> {
    const placed = placedIn(model)
    if (placed === undefined) {
      throw new StateError(
        `Cannot finalize "${model.constructor.name}": expected a model that is prepared in eager mode, got one that is not`,
      )
    }
    await finalizeEager(placed, backend, options)
    return model
  }

  /** Names of the operations that settings of operations reach. @throws TypeError without example inputs */
  static async compressibleOpNames(
    model: AnyModule,
    exampleInputs?: readonly unknown[],
  ): Promise<Set<string>> {
    if (exampleInputs === undefined)
      throw new TypeError(
        'Cannot list the operations of a model: expected example inputs to run it with, got none',
      )
    const ops = await listEagerOps(model, exampleInputs)
    return new Set(ops.flatMap(({ name, isQuantizable }) => (isQuantizable ? [name] : [])))
  }
}

/** Lets the modules that were reached quantize their calls, and what the others call be. Returns what ends it. */
function watch(modules: readonly [string, AnyModule][], placed: PlacedModel): () => void {
  if (placed.modules.length === 0) return () => {}
  const reached = new Map(placed.modules.map((each) => [each.module, each.functions]))
  const ends = modules.map(([path, module]) => {
    const functions = reached.get(module)
    return functions === undefined ? passOver(path, module) : quantizeCalls(path, module, functions)
  })
  return () => {
    for (const end of ends) end()
  }
}

/** Lets every fake quantizer observe one set of inputs without quantizing, and takes out those that cannot. Afterwards they quantize, and observe no more. */
async function observeExample(placed: PlacedModel, exampleInputs: readonly unknown[]): Promise<void> {
  const { model } = placed
  for (const { fakeQuantize } of fakeQuantizersIn(model)) {
    fakeQuantize.enableObserver()
    fakeQuantize.disableFakeQuant()
  }
  const observe = async () => {
    const callable: Module<readonly unknown[], unknown> = Object(model)
    const output = await noGrad(() => callable(...exampleInputs))
    for (const tensor of tensorsIn(output)) await tensor.realize()
  }
  await evaluating(model, () => runOnce(observe))
  removeFakeQuantizers(placed, (fakeQuantize) => fakeQuantize.isDisabled)
  for (const { fakeQuantize } of fakeQuantizersIn(model)) {
    fakeQuantize.disableObserver()
    fakeQuantize.enableFakeQuant()
  }
}
