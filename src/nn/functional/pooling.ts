import { record, type Tensor } from '../../engine/tensor.ts'
import {
  adaptiveAvgPool1d as adaptiveAvgPool1dOp,
  adaptiveAvgPool2d as adaptiveAvgPool2dOp,
  adaptiveAvgPool3d as adaptiveAvgPool3dOp,
} from '../../ops/pooling/adaptive-avg-pool.ts'
import {
  avgPool1d as avgPool1dOp,
  avgPool2d as avgPool2dOp,
  avgPool3d as avgPool3dOp,
} from '../../ops/pooling/avg-pool.ts'
import {
  maxPool1d as maxPool1dOp,
  maxPool2d as maxPool2dOp,
  maxPool3d as maxPool3dOp,
} from '../../ops/pooling/max-pool.ts'
import { type Sizes, sizesOf } from './sizes.ts'

/** How a max pool moves over its input. */
export interface MaxPoolOptions {
  /** Default: the kernel size. */
  readonly stride?: Sizes
  /** On both sides of each dimension, with values that never win; default 0. */
  readonly padding?: Sizes
  /** Distance of the window's elements; default 1. */
  readonly dilation?: Sizes
  /** Whether a last window may hang over the end; default false. */
  readonly ceilMode?: boolean
}

/** How an average pool moves over its input. */
export interface AvgPoolOptions {
  /** Default: the kernel size. */
  readonly stride?: Sizes
  /** Zeros on both sides of each dimension; default 0. */
  readonly padding?: Sizes
  /** Whether a last window may hang over the end; default false. */
  readonly ceilMode?: boolean
  /** Whether the padding's zeros count as elements; default true. */
  readonly countIncludePad?: boolean
}

/** What the two- and three-dimensional average pools take besides. */
export interface DividedAvgPoolOptions extends AvgPoolOptions {
  /** What sums are divided by instead of the number of elements; default null. */
  readonly divisorOverride?: number | null
}

/** Sizes of an adaptive pool's result; null keeps the input's size. */
export type AdaptiveSizes = number | readonly (number | null)[]

/** Largest value of each window of [N, C, L]. */
export function maxPool1d(x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor {
  return record(maxPool1dOp, [x], maxAttributes(kernelSize, options, 1))
}

/** Largest value of each window of [N, C, H, W]. */
export function maxPool2d(x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor {
  return record(maxPool2dOp, [x], maxAttributes(kernelSize, options, 2))
}

/** Largest value of each window of [N, C, D, H, W]. */
export function maxPool3d(x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor {
  return record(maxPool3dOp, [x], maxAttributes(kernelSize, options, 3))
}

/** Mean of each window of [N, C, L]. */
export function avgPool1d(x: Tensor, kernelSize: Sizes, options: AvgPoolOptions = {}): Tensor {
  return record(avgPool1dOp, [x], avgAttributes(kernelSize, options, 1))
}

/** Mean of each window of [N, C, H, W]. */
export function avgPool2d(x: Tensor, kernelSize: Sizes, options: DividedAvgPoolOptions = {}): Tensor {
  const { divisorOverride = null } = options
  return record(avgPool2dOp, [x], { ...avgAttributes(kernelSize, options, 2), divisorOverride })
}

/** Mean of each window of [N, C, D, H, W]. */
export function avgPool3d(x: Tensor, kernelSize: Sizes, options: DividedAvgPoolOptions = {}): Tensor {
  const { divisorOverride = null } = options
  return record(avgPool3dOp, [x], { ...avgAttributes(kernelSize, options, 3), divisorOverride })
}

/** Means of as many windows of [N, C, L] as the result has elements. */
export function adaptiveAvgPool1d(x: Tensor, outputSize: AdaptiveSizes): Tensor {
  return record(adaptiveAvgPool1dOp, [x], { outputSize: adaptiveSizes(x, outputSize, 1) })
}

/** Means of as many windows of [N, C, H, W] as the result has elements. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSizes): Tensor {
  return record(adaptiveAvgPool2dOp, [x], { outputSize: adaptiveSizes(x, outputSize, 2) })
}

/** Means of as many windows of [N, C, D, H, W] as the result has elements. */
export function adaptiveAvgPool3d(x: Tensor, outputSize: AdaptiveSizes): Tensor {
  return record(adaptiveAvgPool3dOp, [x], { outputSize: adaptiveSizes(x, outputSize, 3) })
}

function maxAttributes(kernelSize: Sizes, options: MaxPoolOptions, rank: number) {
  const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options
  return {
    kernelSize: sizesOf('kernelSize', kernelSize, rank),
    stride: sizesOf('stride', stride, rank),
    padding: sizesOf('padding', padding, rank),
    dilation: sizesOf('dilation', dilation, rank),
    ceilMode,
  }
}

function avgAttributes(kernelSize: Sizes, options: AvgPoolOptions, rank: number) {
  const { stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true } = options
  return {
    kernelSize: sizesOf('kernelSize', kernelSize, rank),
    stride: sizesOf('stride', stride, rank),
    padding: sizesOf('padding', padding, rank),
    ceilMode,
    countIncludePad,
  }
}

/** As PyTorch, writes down the input's size where it is kept, unless that is symbolic. */
function adaptiveSizes(
  { value: { shape } }: Tensor,
  outputSize: AdaptiveSizes,
  rank: number,
): readonly (number | null)[] {
  const spatial = shape.slice(-rank).map((size) => (typeof size === 'number' ? size : null))
  return typeof outputSize === 'number'
    ? spatial.map(() => outputSize)
    : outputSize.map((size, i) => size ?? spatial[i] ?? null)
}
