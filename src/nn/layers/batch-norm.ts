import { record, type Tensor } from '../../engine/tensor.ts'
import { add } from '../../ops/elementwise/add.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { batchNorm } from '../functional/normalization.ts'
import { constantValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Buffer, Parameter } from '../parameter.ts'

/** What a batch norm learns and remembers. */
export interface BatchNormLayerOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number
  /** Weight of a batch's statistics in the running ones; default 0.1. */
  readonly momentum?: number
  /** Whether there are a weight and a bias; default true. */
  readonly affine?: boolean
  /** Whether there are running statistics, for use in evaluation; default true. */
  readonly trackRunningStats?: boolean
}

/** What the batch norms share: per channel a weight, a bias and running statistics, under PyTorch's names. */
abstract class BatchNorm extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number
  weight: Parameter | null
  bias: Parameter | null
  running_mean: Buffer | null
  running_var: Buffer | null
  num_batches_tracked: Buffer | null
  readonly #ranks: readonly number[]

  constructor(ranks: readonly number[], numFeatures: number, options: BatchNormLayerOptions) {
    super()
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options
    const shape = [numFeatures]
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? new Parameter(constantValues(shape, 1)) : null
    this.bias = affine ? new Parameter(constantValues(shape, 0)) : null
    this.running_mean = trackRunningStats ? new Buffer(constantValues(shape, 0)) : null
    this.running_var = trackRunningStats ? new Buffer(constantValues(shape, 1)) : null
    this.num_batches_tracked = trackRunningStats ? new Buffer(fromValues('int64', [], [0])) : null
    this.#ranks = ranks
  }

  override forward(x: Tensor): Tensor {
    const rank = x.value.shape.length
    if (!this.#ranks.includes(rank)) {
      throw new ShapeError(
        `Cannot run a "${this.constructor.name}": expected an input of rank ${this.#ranks.join(' or ')}, got rank ${rank}`,
      )
    }
    const counter = this.num_batches_tracked
    if (this.training) counter?.assign(record(add, [counter], { other: 1, alpha: 1 }))
    const { weight, bias, momentum, eps } = this
    const training = this.training || this.running_mean === null
    return batchNorm(x, this.running_mean, this.running_var, { weight, bias, training, momentum, eps })
  }
}

/** Batch norm of [N, C] or [N, C, L]; the arguments are those of PyTorch's `BatchNorm1d`. */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormLayerOptions = {}) {
    super([2, 3], numFeatures, options)
  }
}

/** Batch norm of [N, C, H, W]; the arguments are those of PyTorch's `BatchNorm2d`. */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormLayerOptions = {}) {
    super([4], numFeatures, options)
  }
}

/** Batch norm of [N, C, D, H, W]; the arguments are those of PyTorch's `BatchNorm3d`. */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormLayerOptions = {}) {
    super([5], numFeatures, options)
  }
}
