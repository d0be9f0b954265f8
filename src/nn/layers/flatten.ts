import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../module.ts'

/** Merges the dimensions from `startDim` (default 1) to `endDim` (default -1), both included. */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(startDim: number = 1, endDim: number = -1) {
    super()
    this.startDim = startDim
    this.endDim = endDim
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim)
  }
}
