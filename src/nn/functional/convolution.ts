import { record, type Tensor } from '../../engine/tensor.ts'
import { conv1d as conv1dOp, conv2d as conv2dOp, conv3d as conv3dOp } from '../../ops/convolution/conv.ts'
import { type Sizes, sizesOf } from './sizes.ts'

/** How a convolution moves over its input. */
export interface ConvolutionOptions {
  /** Default: 1. */
  readonly stride?: Sizes
  /** Zeros on both sides of each dimension; 'same' keeps the sizes (for stride 1), 'valid' is 0. Default: 0. */
  readonly padding?: Sizes | 'same' | 'valid'
  /** Distance of the kernel's elements; default 1. */
  readonly dilation?: Sizes
  /** Groups of channels that do not see each other; default 1. */
  readonly groups?: number
}

/** Cross-correlation of [N, C, L] with a weight [O, C / groups, K]. */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvolutionOptions = {},
): Tensor {
  return record(conv1dOp, [x, weight, bias], attributesOf(options, 1))
}

/** Cross-correlation of [N, C, H, W] with a weight [O, C / groups, KH, KW]. */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvolutionOptions = {},
): Tensor {
  return record(conv2dOp, [x, weight, bias], attributesOf(options, 2))
}

/** Cross-correlation of [N, C, D, H, W] with a weight [O, C / groups, KD, KH, KW]. */
export function conv3d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvolutionOptions = {},
): Tensor {
  return record(conv3dOp, [x, weight, bias], attributesOf(options, 3))
}

function attributesOf(
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions,
  rank: number,
) {
  return {
    stride: sizesOf('stride', stride, rank),
    padding: typeof padding === 'string' ? padding : sizesOf('padding', padding, rank),
    dilation: sizesOf('dilation', dilation, rank),
    groups,
  }
}
