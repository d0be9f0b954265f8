import type { Tensor } from '../../engine/tensor.ts'
import {
  type AdaptiveSizes,
  type AvgPoolOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type DividedAvgPoolOptions,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from '../functional/pooling.ts'
import type { Sizes } from '../functional/sizes.ts'
import { Module } from '../module.ts'

/** What the pools share: a window and how it moves. */
abstract class Pool<O> extends Module {
  readonly kernelSize: Sizes
  readonly options: O

  constructor(kernelSize: Sizes, options: O) {
    super()
    this.kernelSize = kernelSize
    this.options = options
  }
}

/** Largest value of each window of [N, C, L]. */
export class MaxPool1d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: Sizes, options: MaxPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.kernelSize, this.options)
  }
}

/** Largest value of each window of [N, C, H, W]. */
export class MaxPool2d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: Sizes, options: MaxPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options)
  }
}

/** Largest value of each window of [N, C, D, H, W]. */
export class MaxPool3d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: Sizes, options: MaxPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return maxPool3d(x, this.kernelSize, this.options)
  }
}

/** Mean of each window of [N, C, L]. */
export class AvgPool1d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Sizes, options: AvgPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options)
  }
}

/** Mean of each window of [N, C, H, W]. */
export class AvgPool2d extends Pool<DividedAvgPoolOptions> {
  constructor(kernelSize: Sizes, options: DividedAvgPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options)
  }
}

/** Mean of each window of [N, C, D, H, W]. */
export class AvgPool3d extends Pool<DividedAvgPoolOptions> {
  constructor(kernelSize: Sizes, options: DividedAvgPoolOptions = {}) {
    super(kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return avgPool3d(x, this.kernelSize, this.options)
  }
}

/** What the adaptive pools share: the sizes of their result. */
abstract class AdaptivePool extends Module {
  readonly outputSize: AdaptiveSizes

  constructor(outputSize: AdaptiveSizes) {
    super()
    this.outputSize = outputSize
  }
}

/** Means of as many windows of [N, C, L] as the result has elements. */
export class AdaptiveAvgPool1d extends AdaptivePool {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize)
  }
}

/** Means of as many windows of [N, C, H, W] as the result has elements. */
export class AdaptiveAvgPool2d extends AdaptivePool {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }
}

/** Means of as many windows of [N, C, D, H, W] as the result has elements. */
export class AdaptiveAvgPool3d extends AdaptivePool {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize)
  }
}
