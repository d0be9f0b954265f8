import { noGrad, recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { GraphModule } from '../nn/graph-module.ts'
import type { AnyModule, Module, ModuleClass } from '../nn/module.ts'
import { lengthOf } from '../nn/progress.ts'
import { checkBatches, checkConfig, checkInputs, checkModule, checkPatterns } from './check-arguments.ts'
import {
  ExecutionMode,
  ExportBackend,
  readExecutionMode,
  readExportBackend,
} from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { ConfigError } from './config-error.ts'
import { EagerQuantizer } from './eager/eager-quantizer.ts'
import { FakeQuantize } from './fake-quantize/fake-quantize.ts'
import type { FakeQuantizerTable } from './fake-quantizer-table.ts'
import { GraphQuantizer } from './graph/graph-quantizer.ts'
import { defaultPatterns } from './graph/patterns.ts'
import type { ModelInspector } from './inspection/model-inspector.ts'
import { defaultLogger, type Logger } from './logger.ts'
import { type ModeScope, openScope, runInScope } from './mode-scope.ts'
import type {
  CalibrateOptions,
  CalibrationOptions,
  FinalizeOptions,
  ModeOptions,
  PrepareOptions,
  QuantizerOptions,
} from './quantizer-options.ts'
import { supportedModules } from './supported-modules.ts'

/**
 * What quantizing makes of a model. Graph mode: a graph that stands for it, called as the model is, with the same inputs and outputs. Eager mode, where the
 * program says so (`new QuantizerConfig({ executionMode: 'eager' })`): the model itself. Where only a config file says so, `instanceof GraphModule` tells.
 */
export type QuantizedModel<M extends AnyModule = AnyModule, E extends ExecutionMode = ExecutionMode> = [
  E,
] extends ['eager']
  ? M
  : SameCall<M> & GraphModule

/** How a model is called, apart from its class. */
export type SameCall<M> = M extends (...inputs: infer I) => infer O ? (...inputs: I) => O : unknown

/**
 * Quantizes a model: puts fake quantizers into it, lets them observe data, trains with them, and writes what came out as quantized
 * operations and data.
 *
 * @example
 * const model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 2))
 * const quantizer = new Quantizer(model, new QuantizerConfig())
 * const prepared = await quantizer.prepare([randn([16, 4])])
 * await quantizer.calibrate([randn([16, 4]), randn([16, 4])])
 * const quantized = await quantizer.finalize({ backend: ExportBackend.ONNX })
 */
export class Quantizer<M extends AnyModule = AnyModule, E extends ExecutionMode = ExecutionMode> {
  readonly #model: M
  readonly #quantizer: GraphQuantizer | EagerQuantizer
  readonly #mode: ExecutionMode
  readonly #logger: Logger
  #prepared: AnyModule | undefined
  #inputCount = 0
  #table: FakeQuantizerTable | undefined
  #inspector: ModelInspector | undefined
  #steps = 0
  #isTraining = false

  /**
   * @param config default: int8 weights (per channel) and activations (per tensor), graph mode. The model is changed in place.
   * @throws TypeError for what is no module; ConfigError for a config that the mode cannot follow
   */
  constructor(
    model: M,
    config: QuantizerConfig<E> | null = null,
    { logger = defaultLogger, patterns = defaultPatterns }: QuantizerOptions = {},
  ) {
    checkModule(model, 'quantize')
    checkConfig(config)
    checkPatterns(patterns)
    const settings = config ?? new QuantizerConfig()
    if (settings.executionMode === ExecutionMode.EAGER && model instanceof GraphModule) {
      throw new ConfigError(
        'Cannot quantize a GraphModule: expected graph mode, got eager mode\n' +
          'Hint: set execution_mode: graph, or pass the module that was captured',
        'execution_mode',
      )
    }
    this.#model = model
    this.#mode = settings.executionMode
    this.#logger = logger
    this.#quantizer =
      this.#mode === ExecutionMode.EAGER
        ? new EagerQuantizer(model, settings, logger)
        : new GraphQuantizer(model, settings, patterns, logger)
  }

  /**
   * Inserts fake quantizers. What comes back already computes quantized: weights from their own values, activations from the example. In graph mode the
   * model is captured as a graph, or taken as it is when it is a GraphModule; in eager mode it is changed in place and returned itself, with a warning
   * when it is prepared already.
   *
   * @param exampleInputs one complete set of inputs; with activation quantization, representative ones
   * @throws TypeError when exampleInputs is not an array; RangeError when it is empty
   * @throws StateError when the model is prepared already, or cannot be captured (graph mode)
   */
  async prepare(
    exampleInputs: readonly unknown[],
    options: PrepareOptions = {},
  ): Promise<QuantizedModel<M, E>> {
    checkInputs(exampleInputs, 'prepare')
    if (exampleInputs.length === 0)
      throw new RangeError('Cannot prepare a model: expected at least one example input, got none')
    if (this.#prepared !== undefined) {
      if (this.#mode === ExecutionMode.GRAPH)
        throw new StateError('Cannot prepare a model: expected one that is not prepared, got one that is')
      this.#logger.warn('Quantizer.prepare() has no effect: the model is prepared already')
      return this.#prepared as QuantizedModel<M, E>
    }
    const { model, table, inputCount, inspector } = await this.#quantizer.prepare(exampleInputs, options)
    this.#prepared = model
    this.#inputCount = inputCount
    this.#table = table
    this.#inspector = inspector
    return model as QuantizedModel<M, E>
  }

  /**
   * Observers on, fake quantizers off, evaluation; on leaving: observers off, fake quantizers on, training or not as before.
   * @throws StateError before prepare; TypeError when `model` is no GraphModule in graph mode
   */
  calibrationMode(options?: CalibrationOptions): ModeScope
  calibrationMode<T>(body: () => Promise<T>, options?: CalibrationOptions): Promise<T>
  calibrationMode<T>(
    first?: CalibrationOptions | (() => Promise<T>),
    second: CalibrationOptions = {},
  ): ModeScope | Promise<T> {
    if (typeof first === 'function') return runInScope(this.#calibrating(second), first)
    return this.#calibrating(first ?? {})
  }

  /**
   * Runs data through the model in calibration mode.
   * @param data batches: a tensor for a model of one input, or an array that begins with the inputs; what follows them, such as labels, is left out
   */
  async calibrate(
    data: Iterable<unknown> | AsyncIterable<unknown>,
    options: CalibrateOptions = {},
  ): Promise<void> {
    const { onProgress, signal, fakeQuantWeights = false } = options
    const model: Module<readonly unknown[], unknown> = Object(this.#modelOf(undefined, 'calibrate'))
    checkBatches(data)
    const total = lengthOf(data)
    const body = async () => {
      let done = 0
      let earlier: Promise<void> = Promise.resolve()
      for await (const batch of data) {
        signal?.throwIfAborted()
        // An async forward ends before the next one begins.
        const inputs = Array.isArray(batch) ? batch.slice(0, this.#inputCount) : [batch]
        await noGrad(() => model(...inputs))
        const running = recorder.settled()
        // Whatever ends the loop, its cause is what is told.
        running.catch(() => undefined)
        await earlier
        earlier = running
        onProgress?.(++done, total)
      }
      await earlier
      signal?.throwIfAborted()
    }
    signal?.throwIfAborted()
    await this.calibrationMode(body, { fakeQuantWeights })
  }

  /**
   * Training; observers and fake quantizers on, or as schedules say for the number of steps so far; on leaving: observers off, fake quantizers on,
   * training or not as before. The number of steps is never reset.
   * @throws StateError before prepare, or inside of another training mode; TypeError when `model` is no GraphModule in graph mode
   */
  trainingMode(options?: ModeOptions): ModeScope
  trainingMode<T>(body: () => Promise<T>, options?: ModeOptions): Promise<T>
  trainingMode<T>(
    first?: ModeOptions | (() => Promise<T>),
    second: ModeOptions = {},
  ): ModeScope | Promise<T> {
    if (typeof first === 'function') return runInScope(this.#training(second), first)
    return this.#training(first ?? {})
  }

  /**
   * Counts a training step and switches observers and fake quantizers as their schedules say. Warns when there is no schedule.
   * @throws StateError outside of training mode
   */
  step(): void {
    if (!this.#isTraining)
      throw new StateError('Cannot take a step: expected to be in training mode, got none')
    this.#steps++
    if (this.#table?.isScheduled) this.#table.applySchedules(this.#steps)
    else this.#logger.warn('Quantizer.step() has no effect: no module has a QATSchedule')
  }

  /**
   * How many steps were taken in training mode. A training that goes on from a checkpoint sets it to what it was there.
   * @throws RangeError for what is no number of steps
   */
  get stepCount(): number {
    return this.#steps
  }

  /** Sets it. */
  set stepCount(count: number) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`Cannot set the step count: expected a whole number of at least 0, got ${count}`)
    this.#steps = count
    if (this.#isTraining) this.#table?.applySchedules(count)
  }

  /** Switches observers on: all of them, or those of a module and of all below it. @throws RangeError for a module that is not in the model; StateError under a schedule */
  enableObserver(module?: AnyModule): void {
    for (const fakeQuantize of this.#select(module)) fakeQuantize.enableObserver()
  }

  /** Switches observers off. @throws as `enableObserver` does */
  disableObserver(module?: AnyModule): void {
    for (const fakeQuantize of this.#select(module)) fakeQuantize.disableObserver()
  }

  /** Switches fake quantizers on. @throws as `enableObserver` does */
  enableFakeQuant(module?: AnyModule): void {
    for (const fakeQuantize of this.#select(module)) fakeQuantize.enableFakeQuant()
  }

  /** Switches fake quantizers off. @throws as `enableObserver` does */
  disableFakeQuant(module?: AnyModule): void {
    for (const fakeQuantize of this.#select(module)) fakeQuantize.disableFakeQuant()
  }

  /**
   * Writes the fake quantizers as quantized operations and data for a backend. To measure accuracy, run the prepared model: this is for export. The prepared
   * model stays as it is.
   * @throws RangeError for an unknown backend, or for mmapDir outside of eager mode and Core AI
   * @throws StateError before prepare; TypeError when `model` is no GraphModule in graph mode; ExportError for what the backend cannot express
   */
  async finalize({
    model,
    backend = ExportBackend.CoreAI,
    mmapDir,
    signal,
  }: FinalizeOptions = {}): Promise<QuantizedModel<M, E>> {
    const target = readExportBackend(backend, 'backend', this.#logger)
    if (mmapDir !== undefined && (this.#mode === ExecutionMode.GRAPH || target !== ExportBackend.CoreAI)) {
      throw new RangeError(
        `Cannot finalize with mmapDir: expected eager mode and the backend "coreai", got ${this.#mode} mode and "${target}"`,
      )
    }
    const prepared = this.#modelOf(model, 'finalize')
    signal?.throwIfAborted()
    await recorder.settled()
    const options = {
      ...(mmapDir === undefined ? {} : { mmapDir }),
      ...(signal === undefined ? {} : { signal }),
    }
    const finalized =
      this.#quantizer instanceof EagerQuantizer
        ? await this.#quantizer.finalize(prepared, target, options)
        : await this.#quantizer.finalize(expectGraph(prepared, 'finalize'), target, options)
    return finalized as QuantizedModel<M, E>
  }

  /**
   * How the model is quantized: what won where, which places share a fake quantizer, and why something has none. Before `prepare`, in graph mode, how it
   * would be: nothing is run, so that blocks that do not divide a tensor are not found out, and the model stays as it is.
   *
   * @param exampleInputs needed before `prepare`, unless the model is a GraphModule
   * @throws StateError before prepare in eager mode, or without inputs that are needed
   */
  inspect(exampleInputs?: readonly unknown[], options: PrepareOptions = {}): ModelInspector {
    if (this.#inspector !== undefined) return this.#inspector
    if (exampleInputs !== undefined) checkInputs(exampleInputs, 'inspect')
    const isKnown = exampleInputs !== undefined || this.#model instanceof GraphModule
    if (this.#quantizer instanceof GraphQuantizer && isKnown)
      return this.#quantizer.inspect(exampleInputs ?? [], options)
    throw new StateError(
      'Cannot inspect a model: expected a prepared model, got none\n' +
        'Hint: call prepare first, or, in graph mode, give example inputs',
    )
  }

  /**
   * Names of the operations that a quantizer can target in a model, as `op_name_config` knows them.
   * @param exampleInputs needed unless the model is a GraphModule
   * @throws TypeError when inputs are needed and missing
   */
  static async getCompressibleOpNames(
    model: AnyModule,
    executionMode: ExecutionMode,
    exampleInputs?: readonly unknown[],
  ): Promise<Set<string>> {
    if (exampleInputs !== undefined) checkInputs(exampleInputs, 'list the operations of')
    if (readExecutionMode(executionMode, 'executionMode') === ExecutionMode.EAGER)
      return EagerQuantizer.compressibleOpNames(model, exampleInputs)
    return GraphQuantizer.compressibleOpNames(model, exampleInputs)
  }

  /** Types of modules whose weights can be quantized. */
  static supportedModules(): readonly ModuleClass[] {
    return supportedModules
  }

  #calibrating({ model: other, fakeQuantWeights = false }: CalibrationOptions): ModeScope {
    const model = this.#modelOf(other, 'calibrate')
    const { training } = model
    for (const fakeQuantize of fakeQuantizersOf(model)) {
      fakeQuantize.enableObserver()
      fakeQuantize.enableFakeQuant(fakeQuantWeights && fakeQuantize.target === 'weight')
    }
    model.eval()
    return openScope(() => leave(model, training))
  }

  #training({ model: other }: ModeOptions): ModeScope {
    const model = this.#modelOf(other, 'train')
    if (this.#isTraining)
      throw new StateError(
        'Cannot enter training mode: expected to be outside of it, got a training mode that is active',
      )
    const { training } = model
    for (const fakeQuantize of fakeQuantizersOf(model)) {
      fakeQuantize.enableObserver()
      fakeQuantize.enableFakeQuant()
    }
    this.#table?.applySchedules(this.#steps)
    model.train()
    this.#isTraining = true
    return openScope(async () => {
      this.#isTraining = false
      await leave(model, training)
    })
  }

  #modelOf(given: AnyModule | undefined, action: string): AnyModule {
    if (this.#prepared === undefined)
      throw new StateError(`Cannot ${action}: expected a prepared model, got none\nHint: call prepare first`)
    if (given === undefined) return this.#prepared
    checkModule(given, action)
    return this.#mode === ExecutionMode.GRAPH ? expectGraph(given, action) : given
  }

  #select(module: AnyModule | undefined): Set<FakeQuantize> {
    if (this.#table === undefined)
      throw new StateError(
        'Cannot switch fake quantizers: expected a prepared model, got none\nHint: call prepare first',
      )
    if (this.#table.isScheduled)
      throw new StateError(
        'Cannot switch fake quantizers: expected none with a schedule, got some\nHint: a QATSchedule switches them',
      )
    if (module === undefined || module === this.#prepared) return this.#table.all()
    for (const [path, member] of this.#model.namedModules())
      if (member === module) return this.#table.within(path)
    throw new RangeError(
      `Cannot switch fake quantizers: expected a module of the model, got another ${Object(module).constructor.name}`,
    )
  }
}

/** Observers off, fake quantizers on, training or not as before; waits for what was dispatched. */
async function leave(model: AnyModule, training: boolean): Promise<void> {
  for (const fakeQuantize of fakeQuantizersOf(model)) {
    fakeQuantize.disableObserver()
    fakeQuantize.enableFakeQuant()
  }
  model.train(training)
  await recorder.settled()
}

function* fakeQuantizersOf(model: AnyModule): Generator<FakeQuantize> {
  for (const [, module] of model.namedModules()) if (module instanceof FakeQuantize) yield module
}

function expectGraph(model: AnyModule, action: string): GraphModule {
  if (model instanceof GraphModule) return model
  throw new TypeError(
    `Cannot ${action} a model: expected a GraphModule in graph mode, got ${model.constructor.name}`,
  )
}
