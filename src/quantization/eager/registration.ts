import { noGrad, recorder } from '../../engine/recorder.ts'
import { type Tensor, tensorsIn } from '../../engine/tensor.ts'
import type { CallInterceptor, TensorCall } from '../../engine/tensor-call.ts'
import { isConcrete } from '../../ir/dim.ts'
import type { AnyModule, Module } from '../../nn/module.ts'
import { watchCalls } from '../../nn/module.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { specFor, type TensorSpecs } from '../config/tensor-specs.ts'
import type { OpSpecs } from '../graph/winners.ts'
import type { Logger } from '../logger.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import { type CallFrame, enterFrame, expectInnermost, leaveFrame, openFrames } from './call-frames.ts'
import type { RecordedCall, RecordedTensor } from './inspection.ts'
import { ModuleBoundaries, type Side } from './module-boundaries.ts'
import type { SettingsTable } from './module-settings.ts'
import { type LoggedOperation, OperationLog } from './operation-log.ts'
import { StateSpecTable } from './state-specs.ts'
import { argumentsOf, functionOf, type TensorArgument, type TensorFunction } from './tensor-functions.ts'
import { TensorNumbers } from './tensor-numbers.ts'

const DROPOUTS = new Set(['aten.dropout', 'aten.feature_dropout'])

/** A tensor of a call that gets a fake quantizer, unless its spec turns out to be none. */
export interface RegisteredTensor {
  /** Name of the fake quantizer. */
  readonly name: string
  /** Place among the inputs of the operation, or among its outputs. */
  readonly place: number
  readonly spec: QuantizationSpec | null
}

/** One call of a function with what it quantizes. */
export interface FunctionCall {
  readonly inputs: readonly RegisteredTensor[]
  readonly outputs: readonly RegisteredTensor[]
}

/** What a module does in its forward. */
export interface RegisteredModule {
  readonly path: string
  readonly module: AnyModule
  /** Calls of functions that the module itself makes, by base name. */
  readonly functions: ReadonlyMap<string, readonly FunctionCall[]>
}

/** What one forward of a model does. */
export interface RegisteredModel {
  /** Modules whose forward ran, in the order of a walk. */
  readonly modules: readonly RegisteredModule[]
  readonly calls: readonly RecordedCall[]
  /** Everything that was called, quantized or not. */
  readonly operations: readonly LoggedOperation[]
  readonly states: StateSpecTable
}

/** A tensor of a call whose spec is not settled: boundaries of modules may have one. */
interface PendingTensor {
  readonly name: string
  readonly place: number
  readonly side: Side
  readonly tensor: number
  readonly spec: QuantizationSpec | null | undefined
}

interface ModuleRecord {
  readonly path: string
  readonly module: AnyModule
  readonly functions: Map<string, PendingTensor[][]>
  /** Whether a forward of the module has ended: nothing more is recorded in it. */
  isTraversed: boolean
}

/**
 * Runs one forward in evaluation, without gradients, and records which functions each module calls, on which tensors, with which specs.
 * @throws ConfigError for a name in the settings that is no regular expression
 */
export async function register(
  model: AnyModule,
  settings: SettingsTable,
  exampleInputs: readonly unknown[],
  logger: Logger,
): Promise<RegisteredModel> {
  const registration = new Registration(model, settings, logger)
  const unwatch = [...model.namedModules()].map(([path, module]) => registration.watch(path, module))
  try {
    const callable: Module<readonly unknown[], unknown> = Object(model)
    const output = await noGrad(() => callable(...exampleInputs))
    // Nobody reads what the recording computes.
    for (const tensor of tensorsIn(output)) recorder.pending.delete(tensor)
  } finally {
    for (const end of unwatch) end()
  }
  return registration.result()
}

class Registration {
  readonly #settings: SettingsTable
  readonly #logger: Logger
  readonly #states: StateSpecTable
  readonly #boundaries: ModuleBoundaries
  readonly #numbers = new TensorNumbers()
  readonly #records: ModuleRecord[] = []
  readonly #calls: RecordedCall[] = []
  readonly #log: OperationLog

  constructor(model: AnyModule, settings: SettingsTable, logger: Logger) {
    this.#settings = settings
    this.#logger = logger
    this.#states = new StateSpecTable(model, settings)
    this.#boundaries = new ModuleBoundaries(settings, logger)
    this.#log = new OperationLog(this.#states, this.#numbers)
  }

  watch(path: string, module: AnyModule): () => void {
    const record: ModuleRecord = { path, module, functions: new Map(), isTraversed: false }
    this.#records.push(record)
    return watchCalls(module, (_, inputs) => {
      const depth = openFrames()
      const frame: CallFrame = { path, interceptor: this.#interceptor(record) }
      const isFirst = !record.isTraversed
      if (isFirst) this.#boundaries.cross({ path, side: 'input', depth, tensors: this.#numbers.in(inputs) })
      if (depth === 0) this.#log.begin(inputs)
      enterFrame(frame)
      return {
        leave: (output) => {
          expectInnermost(frame)
          leaveFrame(frame)
          if (isFirst)
            this.#boundaries.cross({ path, side: 'output', depth, tensors: this.#numbers.in(output) })
          if (!isFirst) this.#log.repeated(path, output)
          record.isTraversed = true
        },
        fail: () => leaveFrame(frame),
      }
    })
  }

  result(): RegisteredModel {
    const settle = (calls: readonly PendingTensor[][]) =>
      calls.map((tensors): FunctionCall => {
        const settled = tensors.map(({ name, place, side, tensor, spec }) => {
          const boundary = this.#boundaries.specFor(tensor, side)
          return { side, name, place, spec: boundary === undefined ? (spec ?? null) : boundary }
        })
        return {
          inputs: settled.filter(({ side }) => side === 'input'),
          outputs: settled.filter(({ side }) => side === 'output'),
        }
      })
    const reached = this.#records.filter(({ isTraversed }) => isTraversed)
    const modules = reached.map(({ path, module, functions }) => ({
      path,
      module,
      functions: new Map(Array.from(functions, ([name, calls]) => [name, settle(calls)])),
    }))
    return { modules, calls: this.#calls, operations: this.#log.operations, states: this.#states }
  }

  #interceptor(record: ModuleRecord): CallInterceptor | undefined {
    if (record.isTraversed) return undefined
    const seesAll = this.#settings.hasBoundarySpecs(record.path)
    return (call, proceed) => {
      const fn = functionOf(call)
      const log = this.#log.call(record.path, fn, call)
      const outputs = proceed(call.inputs)
      const [changed] = outputs
      if (call.isInPlace && changed !== undefined) this.#numbers.changed(changed)
      if (changed !== undefined && returnsInput(call)) this.#numbers.same(changed, call.inputs[0] ?? changed)
      log(outputs)
      if (fn.type !== null || (seesAll && fn.isSeen)) this.#record(record, fn, call, outputs)
      return outputs
    }
  }

  #record(record: ModuleRecord, fn: TensorFunction, call: TensorCall, outputs: readonly Tensor[]): void {
    const calls = record.functions.get(fn.name) ?? []
    record.functions.set(fn.name, calls)
    const count = calls.length
    const pending: PendingTensor[] = []
    calls.push(pending)
    if (fn.takesList || !call.inputs.some(isQuantizable)) return
    const local = count === 0 ? fn.name : `${fn.name}_${count}`
    const name = record.path === '' ? local : `${record.path}.${local}`
    const specs = this.#settings.opSpecs(record.path, name, fn.type)
    pending.push(...this.#inputs({ record, fn, call, local, name, specs }))
    outputs.slice(0, fn.results).forEach((tensor, place) => {
      if (!isQuantizable(tensor)) return
      const spec = specFor(specs.opOutputSpec, place)
      const output = `${local}_quantize_output_${place}`
      pending.push({ name: output, place, side: 'output', tensor: this.#numbers.of(tensor), spec })
    })
    const side = (wanted: Side) => pending.filter((each) => each.side === wanted).map(recorded)
    const { path: module } = record
    const { name: base, type } = fn
    this.#calls.push({
      module,
      function: base,
      count,
      name,
      type,
      inputs: side('input'),
      outputs: side('output'),
    })
  }

  #inputs(site: CallSite): PendingTensor[] {
    const { record, fn, call, local, specs } = site
    const list = argumentsOf(fn, call.inputs.length)
    const pending = list.flatMap((argument, position): PendingTensor[] => {
      const tensor = call.inputs[argument.input] ?? null
      if (!isQuantizable(tensor)) {
        if (tensor !== null || isScalar(argument, call)) this.#warnWhenNamed(site, position)
        return []
      }
      if (this.#states.has(tensor)) {
        const reader = this.#settings.at(record.path)
        if (reader !== undefined) this.#states.read(tensor, specs.opStateSpec, reader)
        return []
      }
      const name = `${local}_quantize_${argument.name}`
      const spec = specFor(specs.opInputSpec, position)
      return [{ name, place: argument.input, side: 'input', tensor: this.#numbers.of(tensor), spec }]
    })
    for (let i = 0; i < fn.settings; i++) this.#warnWhenNamed(site, list.length + i)
    return pending
  }

  #warnWhenNamed({ name, specs }: CallSite, position: number): void {
    if (!namesPlace(specs.opInputSpec, position)) return
    this.#logger.warn(
      `Input ${position} of "${name}" is not quantized: expected floats and more than one, got something else`,
    )
  }
}

/** A call with what speaks of it. */
interface CallSite {
  readonly record: ModuleRecord
  readonly fn: TensorFunction
  readonly call: TensorCall
  /** Name in the module. */
  readonly local: string
  /** Full name. */
  readonly name: string
  readonly specs: OpSpecs
}

function recorded({ name, spec, tensor }: PendingTensor): RecordedTensor {
  return { fakeQuantizer: name, isSpecified: spec !== null && spec !== undefined, tensor }
}

/** Floats, and more than one. */
function isQuantizable(tensor: Tensor | null): tensor is Tensor {
  if (tensor === null || !isFloating(tensor.dtype)) return false
  const { shape } = tensor.value
  return !isConcrete(shape) || sizeOf(shape) > 1
}

/** Whether a function returns the very tensor that it gets: a dropout that is off. Boundaries of modules see one tensor before and after it. */
function returnsInput({ name, attrs }: TensorCall): boolean {
  return DROPOUTS.has(name) && attrs.train === false
}

/** Whether a number was given in the place of a tensor. */
function isScalar({ input }: TensorArgument, { attrs }: TensorCall): boolean {
  return input === 1 && typeof attrs.other === 'number'
}

function namesPlace(specs: TensorSpecs, position: number): boolean {
  return specs.has(position)
}
