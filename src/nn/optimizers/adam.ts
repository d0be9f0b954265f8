import type { Tensor } from '../../engine/tensor.ts'
import { Optimizer, type Update } from './optimizer.ts'
import type { ParameterGroups } from './parameter-groups.ts'

/** How Adam learns; the defaults are PyTorch's. */
export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  readonly lr: number
  /** Shares of the running means of the gradient and of its square that stay from step to step; default [0.9, 0.999]. */
  readonly betas: readonly [number, number]
  /** Added to the denominator; default 1e-8. */
  readonly eps: number
  /** Added to the gradient, times the parameter; default 0. `AdamW` takes it off the parameter instead, by default 0.01. */
  readonly weightDecay: number
  /** Whether the denominator never shrinks; default false. */
  readonly amsgrad: boolean
}

const DEFAULTS: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false }

/** Adam (Kingma and Ba, 2015), as PyTorch's `Adam`. */
export class Adam extends Optimizer<AdamOptions> {
  constructor(parameters: ParameterGroups<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(parameters, { ...DEFAULTS, ...options })
  }

  protected override update(update: Update<AdamOptions>): void {
    const { parameter, gradient, options } = update
    const { weightDecay } = options
    const slope = weightDecay === 0 ? gradient : gradient.add(parameter, { alpha: weightDecay })
    parameter.assign(parameter.sub(adamStep(update, slope)))
  }
}

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as PyTorch's `AdamW`. */
export class AdamW extends Optimizer<AdamOptions> {
  constructor(parameters: ParameterGroups<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(parameters, { ...DEFAULTS, weightDecay: 0.01, ...options })
  }

  protected override update(update: Update<AdamOptions>): void {
    const { parameter, gradient, options, scalar } = update
    const { lr, weightDecay } = options
    const decayed = weightDecay === 0 ? parameter : parameter.mul(scalar('decay', 1 - lr * weightDecay))
    parameter.assign(decayed.sub(adamStep(update, gradient)))
  }
}

/** What is taken off the parameter: the mean gradient over the root of the mean square, both corrected for their start at 0. */
function adamStep({ options, slot, scalar }: Update<AdamOptions>, gradient: Tensor): Tensor {
  const { lr, betas, eps, amsgrad } = options
  const [beta1, beta2] = betas
  const average = slot.buffer('exp_avg')
  const square = slot.buffer('exp_avg_sq')
  const mean = average.mul(beta1).add(gradient, { alpha: 1 - beta1 })
  const meanSquare = square.mul(beta2).add(gradient.mul(gradient), { alpha: 1 - beta2 })
  average.assign(mean)
  square.assign(meanSquare)
  const scale = scalar('scale', 1 / Math.sqrt(1 - beta2 ** slot.step))
  const denominator = (amsgrad ? largest(slot.buffer('max_exp_avg_sq'), meanSquare) : meanSquare)
    .sqrt()
    .mul(scale)
    .add(eps)
  return mean.div(denominator).mul(scalar('lr', lr / (1 - beta1 ** slot.step)))
}

function largest(before: Tensor, now: Tensor): Tensor {
  const max = before.maximum(now)
  before.assign(max)
  return max
}
