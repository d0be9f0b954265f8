import type { Tensor } from '../../engine/tensor.ts'
import { type ConvolutionOptions, conv1d, conv2d, conv3d } from '../functional/convolution.ts'
import { type Sizes, sizesOf } from '../functional/sizes.ts'
import { fanInBound, uniformValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** How a convolution layer moves over its input, and whether it has a bias. */
export interface ConvolutionLayerOptions extends ConvolutionOptions {
  /** Default: true. */
  readonly bias?: boolean
}

/** What the convolutions share: a weight [O, C / groups, K...], a bias [O], and how they move. */
abstract class Convolution extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[] | 'same' | 'valid'
  readonly dilation: readonly number[]
  readonly groups: number
  weight: Parameter
  bias: Parameter | null

  constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvolutionLayerOptions,
  ) {
    super()
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options
    checkGroups(this.constructor.name, inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = sizesOf('kernelSize', kernelSize, rank)
    this.stride = sizesOf('stride', stride, rank)
    this.padding = typeof padding === 'string' ? padding : sizesOf('padding', padding, rank)
    this.dilation = sizesOf('dilation', dilation, rank)
    this.groups = groups
    const shape = [outChannels, inChannels / groups, ...this.kernelSize]
    this.weight = new Parameter(uniformValues(shape, fanInBound(shape)))
    this.bias = bias ? new Parameter(uniformValues([outChannels], fanInBound(shape))) : null
  }
}

/** Convolution of [N, C, L]; the arguments are those of PyTorch's `Conv1d`. */
export class Conv1d extends Convolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvolutionLayerOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this)
  }
}

/** Convolution of [N, C, H, W]; the arguments are those of PyTorch's `Conv2d`. */
export class Conv2d extends Convolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvolutionLayerOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this)
  }
}

/** Convolution of [N, C, D, H, W]; the arguments are those of PyTorch's `Conv3d`. */
export class Conv3d extends Convolution {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvolutionLayerOptions = {},
  ) {
    super(3, inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return conv3d(x, this.weight, this.bias, this)
  }
}

/** @throws RangeError when the channels do not divide into the groups */
export function checkGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  if (inChannels % groups === 0 && outChannels % groups === 0) return
  throw new RangeError(
    `Cannot make a "${layer}": expected channels that ${groups} groups divide, got ${inChannels} in and ${outChannels} out`,
  )
}
