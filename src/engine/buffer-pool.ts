import type { CarrierDType } from '../lowering/onnx-dtype.ts'
import { sizeOf } from '../tensor/shape.ts'
import { type TypedArray, typedArrayClass } from '../tensor/typed-array.ts'

/** Idle bytes that a pool keeps at most. */
const MAX_IDLE_BYTES = 256 * 2 ** 20

/** Keeps the buffers of tensors that are gone, for new tensors of the same size: training then allocates nothing from step to step. */
export class BufferPool {
  readonly #idle = new Map<string, TypedArray[]>()
  #idleBytes = 0

  /** An array for a shape; its content is undefined. */
  take(dtype: CarrierDType, shape: readonly number[]): TypedArray {
    const length = sizeOf(shape)
    const constructor = typedArrayClass(dtype)
    const reused = this.#idle.get(`${constructor.name}:${length}`)?.pop()
    if (reused === undefined) return new constructor(length)
    this.#idleBytes -= reused.byteLength
    return reused
  }

  /** Gives an array back. Nobody else may hold it. */
  give(array: TypedArray): void {
    const whole = array.byteLength === array.buffer.byteLength
    if (!whole || this.#idleBytes + array.byteLength > MAX_IDLE_BYTES) return
    this.#idleBytes += array.byteLength
    const key = `${array.constructor.name}:${array.length}`
    const list = this.#idle.get(key)
    if (list === undefined) this.#idle.set(key, [array])
    else list.push(array)
  }
}
