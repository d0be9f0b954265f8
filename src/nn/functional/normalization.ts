import { record, type Tensor } from '../../engine/tensor.ts'
import { batchNorm as batchNormOp } from '../../ops/normalization/batch-norm.ts'
import { groupNorm as groupNormOp } from '../../ops/normalization/group-norm.ts'
import { layerNorm as layerNormOp } from '../../ops/normalization/layer-norm.ts'
import { rmsNorm as rmsNormOp } from '../../ops/normalization/rms-norm.ts'

/** What follows a normalization. */
export interface AffineOptions {
  /** Scale; default 1. */
  readonly weight?: Tensor | null
  /** Shift; default 0. */
  readonly bias?: Tensor | null
  /** Added to the variance; default 1e-5. */
  readonly eps?: number
}

/** How a batch norm takes and keeps statistics. */
export interface BatchNormOptions extends AffineOptions {
  /** Whether the batch's own statistics are used, and taken into the running ones; default false. */
  readonly training?: boolean
  /** Weight of the batch's statistics in the running ones; default 0.1. */
  readonly momentum?: number
}

/**
 * Normalizes [N, C, ...] over every dimension but C. In training, the running statistics, where there are any, are updated in place.
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 }: BatchNormOptions = {},
): Tensor {
  return record(batchNormOp, [x, weight, bias, runningMean, runningVar], { training, momentum, eps })
}

/** Normalizes over the last dimensions, whose sizes are `normalizedShape`; weight and bias have that shape. */
export function layerNorm(
  x: Tensor,
  normalizedShape: readonly number[],
  { weight = null, bias = null, eps = 1e-5 }: AffineOptions = {},
): Tensor {
  return record(layerNormOp, [x, weight, bias], { normalizedShape, eps })
}

/** Normalizes [N, C, ...] over groups of channels; weight and bias are [C]. */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  { weight = null, bias = null, eps = 1e-5 }: AffineOptions = {},
): Tensor {
  return record(groupNormOp, [x, weight, bias], { numGroups, eps })
}

/** How a root mean square norm scales. */
export interface RmsNormOptions {
  /** Scale, of the normalized shape; default 1. */
  readonly weight?: Tensor | null
  /** Added to the mean square; default null, the distance of 1 to the next float32. */
  readonly eps?: number | null
}

/** Divides by the root of the mean square over the last dimensions, whose sizes are `normalizedShape`. */
export function rmsNorm(
  x: Tensor,
  normalizedShape: readonly number[],
  { weight = null, eps = null }: RmsNormOptions = {},
): Tensor {
  return record(rmsNormOp, [x, weight], { normalizedShape, eps })
}
