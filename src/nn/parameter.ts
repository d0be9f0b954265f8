import { leafOf } from '../engine/placement.ts'
import { Storage } from '../engine/storage.ts'
import { Tensor } from '../engine/tensor.ts'
import { isFloating } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'

/** A tensor that a module learns. Found by its module when it is one of the module's properties. */
export class Parameter extends Tensor {
  /** @param requiresGrad default: true for floating dtypes */
  constructor(content: HostArray, requiresGrad: boolean = isFloating(content.dtype)) {
    super(stateLeaf(content), requiresGrad)
  }

  protected override get isState(): boolean {
    return true
  }
}

/** A tensor that belongs to a module's state and is not learned: running statistics, counters. */
export class Buffer extends Tensor {
  /** Whether it is part of the state dict. */
  readonly persistent: boolean

  constructor(content: HostArray, persistent: boolean = true) {
    super(stateLeaf(content))
    this.persistent = persistent
  }

  protected override get isState(): boolean {
    return true
  }
}

function stateLeaf(content: HostArray) {
  const storage = new Storage(content.dtype, content.shape, content)
  storage.isState = true
  return leafOf(storage)
}
