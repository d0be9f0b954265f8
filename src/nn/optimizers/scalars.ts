import { scalar } from '../../engine/create-tensors.ts'
import type { Tensor } from '../../engine/tensor.ts'

/** Numbers of a step as tensors of rank 0; one that stays the same from step to step stays the same tensor. */
export class Scalars {
  #now = new Map<string, Tensor>()
  #before = new Map<string, Tensor>()

  /** Begins a step. */
  begin(): void {
    this.#before = this.#now
    this.#now = new Map()
  }

  /** The tensor of a number, one for each name and value. */
  get(name: string, value: number): Tensor {
    const key = `${name}=${value}`
    const tensor = this.#now.get(key) ?? this.#before.get(key) ?? scalar(value)
    this.#now.set(key, tensor)
    return tensor
  }
}
