import { storageOf } from '../engine/placement.ts'
import type { Tensor } from '../engine/tensor.ts'

/** Which contents some tensors have at one moment. */
export class ContentVersions {
  readonly #versions: readonly (readonly [tensor: Tensor, version: number])[]

  constructor(tensors: readonly Tensor[]) {
    this.#versions = tensors.map((tensor) => [tensor, tensor.version])
  }

  /** Whether all have them still: none was replaced since, and no run that was to deliver one has failed. */
  get areCurrent(): boolean {
    return this.#versions.every(
      ([tensor, version]) => tensor.version === version && storageOf(tensor.value)?.isStale !== true,
    )
  }
}
