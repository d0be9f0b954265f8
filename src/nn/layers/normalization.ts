import type { Tensor } from '../../engine/tensor.ts'
import { groupNorm, layerNorm, rmsNorm } from '../functional/normalization.ts'
import { constantValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** What a layer norm learns; the defaults are PyTorch's. */
export interface LayerNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number
  /** Whether there is a weight; default true. */
  readonly elementwiseAffine?: boolean
  /** Whether there is a bias beside the weight; default true. */
  readonly bias?: boolean
}

/** Normalizes over the last dimensions, whose sizes are `normalizedShape`. */
export class LayerNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number
  weight: Parameter | null
  bias: Parameter | null

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super()
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
    this.normalizedShape = shape
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(constantValues(shape, 1)) : null
    this.bias = elementwiseAffine && bias ? new Parameter(constantValues(shape, 0)) : null
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this)
  }
}

/** What a group norm learns; the defaults are PyTorch's. */
export interface GroupNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number
  /** Whether there are a weight and a bias; default true. */
  readonly affine?: boolean
}

/** Normalizes [N, C, ...] over groups of channels. */
export class GroupNorm extends Module {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  weight: Parameter | null
  bias: Parameter | null

  /** @throws RangeError when the channels do not divide into the groups */
  constructor(numGroups: number, numChannels: number, { eps = 1e-5, affine = true }: GroupNormOptions = {}) {
    super()
    if (numChannels % numGroups !== 0) {
      throw new RangeError(
        `Cannot make a "GroupNorm": expected channels that ${numGroups} groups divide, got ${numChannels}`,
      )
    }
    this.numGroups = numGroups
    this.numChannels = numChannels
    this.eps = eps
    this.weight = affine ? new Parameter(constantValues([numChannels], 1)) : null
    this.bias = affine ? new Parameter(constantValues([numChannels], 0)) : null
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this)
  }
}

/** What a root mean square norm learns; the defaults are PyTorch's. */
export interface RmsNormLayerOptions {
  /** Added to the mean square; default null, the distance of 1 to the next float32. */
  readonly eps?: number | null
  /** Whether there is a weight; default true. */
  readonly elementwiseAffine?: boolean
}

/** Divides by the root of the mean square over the last dimensions, whose sizes are `normalizedShape`. */
export class RMSNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number | null
  weight: Parameter | null

  constructor(normalizedShape: number | readonly number[], options: RmsNormLayerOptions = {}) {
    super()
    const { eps = null, elementwiseAffine = true } = options
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
    this.normalizedShape = shape
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(constantValues(shape, 1)) : null
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this)
  }
}
