import { recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { type AnyModule, hasHooks } from './module.ts'
import { RepeatedCall } from './repeated-call.ts'

/** Calls that are kept: those of a loop with a smaller last batch, with and without observers. */
const MAX_KEPT = 4

/** A module whose calls may be recorded once for many. */
interface Repeatable {
  /** All that a call's recording depends on, beside the types of its inputs and the content of its state; undefined where that is not known. */
  recordingKey(): readonly unknown[] | undefined
}

/** Calls of a module, each kind of which is recorded once. */
export class RepeatedCalls {
  #kept: { readonly key: readonly unknown[]; readonly call: RepeatedCall }[] = []

  /**
   * What a call gives; recorded by `body` if it is of a new kind.
   * @param key what the recording depends on
   */
  record(
    module: AnyModule,
    key: readonly unknown[],
    inputs: readonly Tensor[],
    body: (inputs: readonly Tensor[]) => readonly Tensor[],
  ): readonly Tensor[] {
    let kept = this.#kept.find((entry) => equal(entry.key, key))
    if (kept === undefined) {
      kept = { key, call: new RepeatedCall(module, inputs, body) }
      this.#kept = [kept, ...this.#kept].slice(0, MAX_KEPT)
    }
    return kept.call.record(inputs)
  }
}

/** Whether calls are recorded now as they are at any other time: no gradients, and nobody who watches or captures. */
export function isPlainRecording(): boolean {
  return recorder.noGradDepth > 0 && !recorder.capturing && recorder.interceptor === undefined
}

/** The key of a module of a known class that nobody has hooked into. */
export function recordingKeyOf(module: AnyModule): readonly unknown[] | undefined {
  return !module.training && isRepeatable(module) && !hasHooks(module) ? module.recordingKey() : undefined
}

function isRepeatable(module: object): module is Repeatable {
  return 'recordingKey' in module && typeof module.recordingKey === 'function'
}

function equal(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((entry, i) => Object.is(entry, b[i]))
}
