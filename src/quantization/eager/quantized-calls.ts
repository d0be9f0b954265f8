import { StateError } from '../../engine/state-error.ts'
import type { Tensor } from '../../engine/tensor.ts'
import type { CallInterceptor, TensorCall } from '../../engine/tensor-call.ts'
import { type AnyModule, type Module, watchCalls } from '../../nn/module.ts'
import { type CallFrame, enterFrame, expectInnermost, leaveFrame } from './call-frames.ts'
import { functionOf } from './tensor-functions.ts'

/** A module that quantizes one tensor of a call. */
export interface TensorQuantizer {
  /** Name in the module that makes the call. */
  readonly name: string
  /** Place among the inputs of the operation, or among its outputs. */
  readonly place: number
  module: Module
}

/** One call of a function with the modules that quantize its tensors. */
export interface QuantizedCall {
  inputs: TensorQuantizer[]
  outputs: TensorQuantizer[]
}

/** What a module's forward quantizes: by the base name of a function, its calls in order. */
export type QuantizedCalls = ReadonlyMap<string, readonly QuantizedCall[]>

/**
 * Lets every call of a module quantize what was registered for it.
 * A call that makes other calls of a quantized function than those registered throws a StateError when it ends.
 */
export function quantizeCalls(path: string, module: AnyModule, calls: QuantizedCalls): () => void {
  return watchCalls(module, () => {
    const run = new ModuleRun(path, module, calls)
    enterFrame(run)
    return {
      leave: () => {
        expectInnermost(run)
        leaveFrame(run)
        run.check()
      },
      fail: () => leaveFrame(run),
    }
  })
}

/** Leaves alone what a module and all that it calls do, unless that is quantized itself. */
export function passOver(path: string, module: AnyModule): () => void {
  return watchCalls(module, () => {
    const frame: CallFrame = { path, interceptor: undefined }
    enterFrame(frame)
    return { leave: () => leaveFrame(frame), fail: () => leaveFrame(frame) }
  })
}

/** One call of a module, with how often it called each function so far. */
class ModuleRun implements CallFrame {
  readonly path: string
  readonly interceptor: CallInterceptor
  readonly #module: AnyModule
  readonly #calls: QuantizedCalls
  readonly #counts = new Map<string, number>()
  #missing: string | undefined

  constructor(path: string, module: AnyModule, calls: QuantizedCalls) {
    this.path = path
    this.#module = module
    this.#calls = calls
    this.interceptor = (call, proceed) => this.#quantize(call, proceed)
  }

  /** @throws StateError when other calls were made than those registered */
  check(): void {
    if (this.#missing !== undefined) {
      throw this.#differs(`a tensor to quantize as "${this.#missing}"`, 'none')
    }
    for (const [name, calls] of this.#calls) {
      if (!calls.some(({ inputs, outputs }) => inputs.length + outputs.length > 0)) continue
      const count = this.#counts.get(name) ?? 0
      if (count !== calls.length) throw this.#differs(times(calls.length, name), times(count, name))
    }
  }

  #quantize(call: TensorCall, proceed: (inputs: readonly (Tensor | null)[]) => Tensor[]): Tensor[] {
    const { name } = functionOf(call)
    const registered = this.#calls.get(name)
    if (registered === undefined) return proceed(call.inputs)
    const count = this.#counts.get(name) ?? 0
    this.#counts.set(name, count + 1)
    const quantized = registered[count]
    if (quantized === undefined) return proceed(call.inputs)
    const outputs = proceed(this.#each(quantized.inputs, call.inputs))
    return this.#each(quantized.outputs, outputs)
  }

  #each<T extends Tensor | null>(quantizers: readonly TensorQuantizer[], tensors: readonly T[]): T[] {
    const result = [...tensors]
    for (const { name, place, module } of quantizers) {
      const tensor = tensors[place] ?? null
      if (tensor === null) this.#missing ??= name
      else result[place] = module(tensor) as T
    }
    return result
  }

  #differs(expected: string, got: string): StateError {
    return new StateError(
      `Cannot run module "${this.path}" (${this.#module.constructor.name}): expected ${expected} as when it was prepared, got ${got}\n` +
        'Hint: what varies between calls belongs into a submodule of its own, or is left unquantized by the config',
    )
  }
}

function times(count: number, name: string): string {
  return `${count} ${count === 1 ? 'call' : 'calls'} of "${name}"`
}
