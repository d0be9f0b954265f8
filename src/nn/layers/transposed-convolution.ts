import type { Tensor } from '../../engine/tensor.ts'
import { type Sizes, sizesOf } from '../functional/sizes.ts'
import {
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type TransposedConvolutionOptions,
} from '../functional/transposed-convolution.ts'
import { fanInBound, uniformValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { checkGroups } from './convolution.ts'

/** How a transposed convolution layer spreads its input, and whether it has a bias. */
export interface TransposedConvolutionLayerOptions extends TransposedConvolutionOptions {
  /** Default: true. */
  readonly bias?: boolean
}

/** What the transposed convolutions share: a weight [C, O / groups, K...], a bias [O], and how they spread. */
abstract class TransposedConvolution extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly outputPadding: readonly number[]
  readonly groups: number
  readonly dilation: readonly number[]
  weight: Parameter
  bias: Parameter | null

  constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: TransposedConvolutionLayerOptions,
  ) {
    super()
    const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1, bias = true } = options
    checkGroups(this.constructor.name, inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = sizesOf('kernelSize', kernelSize, rank)
    this.stride = sizesOf('stride', stride, rank)
    this.padding = sizesOf('padding', padding, rank)
    this.outputPadding = sizesOf('outputPadding', outputPadding, rank)
    this.groups = groups
    this.dilation = sizesOf('dilation', dilation, rank)
    const shape = [inChannels, outChannels / groups, ...this.kernelSize]
    this.weight = new Parameter(uniformValues(shape, fanInBound(shape)))
    this.bias = bias ? new Parameter(uniformValues([outChannels], fanInBound(shape))) : null
  }
}

/** Transposed convolution of [N, C, L]; the arguments are those of PyTorch's `ConvTranspose1d`. */
export class ConvTranspose1d extends TransposedConvolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: TransposedConvolutionLayerOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this)
  }
}

/** Transposed convolution of [N, C, H, W]; the arguments are those of PyTorch's `ConvTranspose2d`. */
export class ConvTranspose2d extends TransposedConvolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: TransposedConvolutionLayerOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this)
  }
}

/** Transposed convolution of [N, C, D, H, W]; the arguments are those of PyTorch's `ConvTranspose3d`. */
export class ConvTranspose3d extends TransposedConvolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: TransposedConvolutionLayerOptions = {},
  ) {
    super(3, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return convTranspose3d(x, this.weight, this.bias, this)
  }
}
