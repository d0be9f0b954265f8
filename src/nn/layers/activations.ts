import type { Tensor } from '../../engine/tensor.ts'
import {
  celu,
  elu,
  type GeluOptions,
  gelu,
  type HardtanhOptions,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  selu,
  silu,
} from '../functional/activations.ts'
import { Module } from '../module.ts'

/** `max(x, 0)`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu()
  }
}

/** `x` limited to [minVal, maxVal]; default [-1, 1]. */
export class Hardtanh extends Module {
  readonly minVal: number
  readonly maxVal: number

  constructor({ minVal = -1, maxVal = 1 }: HardtanhOptions = {}) {
    super()
    this.minVal = minVal
    this.maxVal = maxVal
  }

  override forward(x: Tensor): Tensor {
    return hardtanh(x, this)
  }
}

/** `min(max(x, 0), 6)`; recorded as the `aten.hardtanh` that PyTorch's module is. */
export class ReLU6 extends Hardtanh {
  constructor() {
    super({ minVal: 0, maxVal: 6 })
  }
}

/** `x` where it is positive, else `negativeSlope * x` (default 0.01). */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  constructor(negativeSlope: number = 0.01) {
    super()
    this.negativeSlope = negativeSlope
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this)
  }
}

/** `x * sigmoid(x)`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x)
  }
}

/** `x` where it is positive, else `alpha * (exp(x) - 1)` (default 1). */
export class ELU extends Module {
  readonly alpha: number

  constructor(alpha: number = 1) {
    super()
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this)
  }
}

/** `x` where it is positive, else `alpha * (exp(x / alpha) - 1)` (default 1). */
export class CELU extends Module {
  readonly alpha: number

  constructor(alpha: number = 1) {
    super()
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return celu(x, this)
  }
}

/** The self-normalizing ELU (Klambauer et al., 2017). */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x)
  }
}

/** `x * tanh(log(1 + exp(x)))`. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x)
  }
}

/** `x * hardsigmoid(x)`. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardswish(x)
  }
}

/** `x / 6 + 1 / 2`, limited to [0, 1]. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardsigmoid(x)
  }
}

/** `x` times the probability that a standard normal number is below it. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor({ approximate = 'none' }: GeluOptions = {}) {
    super()
    this.approximate = approximate
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this)
  }
}

/** `1 / (1 + exp(-x))`. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid()
  }
}

/** Logarithm of the sigmoid, without overflow. */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logSigmoid(x)
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh()
  }
}

/** Exponentials along a dimension, divided by their sum. */
export class Softmax extends Module {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = dim
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.dim)
  }
}

/** Logarithm of the softmax along a dimension. */
export class LogSoftmax extends Module {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = dim
  }

  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim)
  }
}
