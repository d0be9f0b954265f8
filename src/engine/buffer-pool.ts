import type { CarrierDType } from '../lowering/onnx-dtype.ts'
import { sizeOf } from '../tensor/shape.ts'
import { type TypedArray, typedArrayClass } from '../tensor/typed-array.ts'

/** Idle bytes that a pool keeps at most. */
const MAX_IDLE_BYTES = 256 * 2 ** 20

/** Keeps the buffers of tensors that are gone, for new tensors of the same size: training then allocates nothing from step to step. */
export class BufferPool {
  /** By class and length. */
  readonly #idle = new Map<unknown, Map<number, TypedArray[]>>()
  /** What was made here: what comes from elsewhere would pile up, because as much of it comes again. */
  readonly #own = new WeakSet<TypedArray>()
  #idleBytes = 0

  /** An array for a shape; its content is undefined. */
  take(dtype: CarrierDType, shape: readonly number[]): TypedArray {
    const length = sizeOf(shape)
    const arrayClass = typedArrayClass(dtype)
    const reused = this.#idle.get(arrayClass)?.get(length)?.pop()
    if (reused === undefined) {
      const made = new arrayClass(length)
      this.#own.add(made)
      return made
    }
    this.#idleBytes -= reused.byteLength
    return reused
  }

  /** Gives an array back, if it was taken here. Nobody else may hold it. */
  give(array: TypedArray): void {
    if (!this.#own.has(array) || this.#idleBytes + array.byteLength > MAX_IDLE_BYTES) return
    this.#idleBytes += array.byteLength
    const lists = this.#idle.get(array.constructor) ?? new Map<number, TypedArray[]>()
    this.#idle.set(array.constructor, lists)
    const list = lists.get(array.length)
    if (list === undefined) lists.set(array.length, [array])
    else list.push(array)
  }
}
