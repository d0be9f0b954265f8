import { record, type Tensor } from '../../engine/tensor.ts'
import {
  convTranspose1d as convTranspose1dOp,
  convTranspose2d as convTranspose2dOp,
  convTranspose3d as convTranspose3dOp,
} from '../../ops/convolution/conv-transpose.ts'
import { type Sizes, sizesOf } from './sizes.ts'

/** How a transposed convolution spreads its input. */
export interface TransposedConvolutionOptions {
  /** Default: 1. */
  readonly stride?: Sizes
  /** Taken off both sides of each dimension of the result; default 0. */
  readonly padding?: Sizes
  /** Added to the end of each dimension of the result; default 0. */
  readonly outputPadding?: Sizes
  /** Groups of channels that do not see each other; default 1. */
  readonly groups?: number
  /** Distance of the kernel's elements; default 1. */
  readonly dilation?: Sizes
}

/** Adjoint of a convolution in its input: [N, C, L] with a weight [C, O / groups, K]. */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: TransposedConvolutionOptions = {},
): Tensor {
  return record(convTranspose1dOp, [x, weight, bias], attributesOf(options, 1))
}

/** Adjoint of a convolution in its input: [N, C, H, W] with a weight [C, O / groups, KH, KW]. */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: TransposedConvolutionOptions = {},
): Tensor {
  return record(convTranspose2dOp, [x, weight, bias], attributesOf(options, 2))
}

/** Adjoint of a convolution in its input: [N, C, D, H, W] with a weight [C, O / groups, KD, KH, KW]. */
export function convTranspose3d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: TransposedConvolutionOptions = {},
): Tensor {
  return record(convTranspose3dOp, [x, weight, bias], attributesOf(options, 3))
}

function attributesOf(options: TransposedConvolutionOptions, rank: number) {
  const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1 } = options
  return {
    stride: sizesOf('stride', stride, rank),
    padding: sizesOf('padding', padding, rank),
    outputPadding: sizesOf('outputPadding', outputPadding, rank),
    groups,
    dilation: sizesOf('dilation', dilation, rank),
  }
}
