import type { Tensor } from '../../engine/tensor.ts'

/** What becomes of a loss's elements: their mean, their sum, or nothing. */
export type Reduction = 'mean' | 'sum' | 'none'

/** Applies a reduction. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return losses
  return reduction === 'sum' ? losses.sum() : losses.mean()
}
