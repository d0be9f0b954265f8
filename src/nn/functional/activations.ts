import { record, type Tensor } from '../../engine/tensor.ts'
import { celu as celuOp, elu as eluOp, selu as seluOp } from '../../ops/activation/elu.ts'
import { gelu as geluOp } from '../../ops/activation/gelu.ts'
import { hardsigmoid as hardsigmoidOp } from '../../ops/activation/hardsigmoid.ts'
import { hardswish as hardswishOp } from '../../ops/activation/hardswish.ts'
import { hardtanh as hardtanhOp } from '../../ops/activation/hardtanh.ts'
import { leakyRelu as leakyReluOp } from '../../ops/activation/leaky-relu.ts'
import { logSigmoid as logSigmoidOp } from '../../ops/activation/log-sigmoid.ts'
import { mish as mishOp } from '../../ops/activation/mish.ts'
import { relu6 as relu6Op } from '../../ops/activation/relu6.ts'
import { silu as siluOp } from '../../ops/activation/silu.ts'
import { softplus as softplusOp } from '../../ops/activation/softplus.ts'

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return x.relu()
}

/** `min(max(x, 0), 6)`, as `aten.relu6`; the module `ReLU6` is a `hardtanh`. */
export function relu6(x: Tensor): Tensor {
  return record(relu6Op, [x], {})
}

/** `x` where it is positive, else `negativeSlope * x` (default 0.01). */
export function leakyRelu(
  x: Tensor,
  { negativeSlope = 0.01 }: { readonly negativeSlope?: number } = {},
): Tensor {
  return record(leakyReluOp, [x], { negativeSlope })
}

/** `x * sigmoid(x)`. */
export function silu(x: Tensor): Tensor {
  return record(siluOp, [x], {})
}

/** `x` where it is positive, else `alpha * (exp(x) - 1)` (default 1). */
export function elu(x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return record(eluOp, [x], { alpha, scale: 1, inputScale: 1 })
}

/** `x` where it is positive, else `alpha * (exp(x / alpha) - 1)` (default 1). */
export function celu(x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return record(celuOp, [x], { alpha })
}

/** The self-normalizing ELU (Klambauer et al., 2017). */
export function selu(x: Tensor): Tensor {
  return record(seluOp, [x], {})
}

/** `x * tanh(log(1 + exp(x)))`. */
export function mish(x: Tensor): Tensor {
  return record(mishOp, [x], {})
}

/** Limits of `hardtanh`; default -1 and 1. */
export interface HardtanhOptions {
  readonly minVal?: number
  readonly maxVal?: number
}

/** `x` limited to [minVal, maxVal]. */
export function hardtanh(x: Tensor, { minVal = -1, maxVal = 1 }: HardtanhOptions = {}): Tensor {
  return record(hardtanhOp, [x], { minVal, maxVal })
}

/** `x * hardsigmoid(x)`. */
export function hardswish(x: Tensor): Tensor {
  return record(hardswishOp, [x], {})
}

/** `x / 6 + 1 / 2`, limited to [0, 1]. */
export function hardsigmoid(x: Tensor): Tensor {
  return record(hardsigmoidOp, [x], {})
}

/** How `gelu` is computed. */
export interface GeluOptions {
  /** 'none', the default, is by the error function. */
  readonly approximate?: 'none' | 'tanh'
}

/** `x` times the probability that a standard normal number is below it. */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  return record(geluOp, [x], { approximate })
}

/** `1 / (1 + exp(-x))`. */
export function sigmoid(x: Tensor): Tensor {
  return x.sigmoid()
}

/** Logarithm of the sigmoid, without overflow. */
export function logSigmoid(x: Tensor): Tensor {
  return record(logSigmoidOp, [x], {})
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return x.tanh()
}

/** `log(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x` is above `threshold`; default 1 and 20. */
export function softplus(
  x: Tensor,
  { beta = 1, threshold = 20 }: { readonly beta?: number; readonly threshold?: number } = {},
): Tensor {
  return record(softplusOp, [x], { beta, threshold })
}

/** Exponentials along a dimension, divided by their sum. */
export function softmax(x: Tensor, dim: number): Tensor {
  return x.softmax(dim)
}

/** Logarithm of the softmax along a dimension. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return x.logSoftmax(dim)
}
