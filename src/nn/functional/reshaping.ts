import type { Tensor } from '../../engine/tensor.ts'

/** Merges the dimensions from `startDim` (default 0) to `endDim` (default -1), both included. */
export function flatten(x: Tensor, startDim: number = 0, endDim: number = -1): Tensor {
  return x.flatten(startDim, endDim)
}
