import type { Tensor } from '../../engine/tensor.ts'
import { dropout } from '../functional/dropout.ts'
import { Module } from '../module.ts'

/** While it trains: zeroes elements with probability `p` (default 0.5) and divides the others by `1 - p`. */
export class Dropout extends Module {
  readonly p: number

  /** @throws RangeError when `p` is no probability */
  constructor(p: number = 0.5) {
    super()
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot make a "Dropout": expected p in [0, 1], got ${p}`)
    this.p = p
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, this)
  }
}
