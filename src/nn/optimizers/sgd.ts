import { Optimizer, type Update } from './optimizer.ts'
import type { ParameterGroups } from './parameter-groups.ts'

/** How SGD learns; the defaults are PyTorch's. */
export interface SGDOptions {
  /** Learning rate; default 1e-3. */
  readonly lr: number
  /** Share of the velocity that stays from step to step; default 0. */
  readonly momentum: number
  /** Share of a gradient that the velocity does not take, from the second step on; default 0. */
  readonly dampening: number
  /** Added to the gradient, times the parameter; default 0. */
  readonly weightDecay: number
  /** Whether the gradient is taken after the velocity's step; default false. */
  readonly nesterov: boolean
}

const DEFAULTS: SGDOptions = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false }

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`.
 *
 * @example
 * new SGD([new Parameter(fromValues('float32', [1], [1]))], { lr: 0.1, momentum: 0.9 }).lr // => 0.1
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(parameters: ParameterGroups<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super(parameters, { ...DEFAULTS, ...options })
    for (const {
      options: { nesterov, momentum, dampening },
    } of this.groups) {
      if (!nesterov || (momentum > 0 && dampening === 0)) continue
      throw new RangeError(
        `Cannot make a "SGD": expected a momentum and no dampening for nesterov, got ${momentum} and ${dampening}`,
      )
    }
  }

  protected override update({ parameter, gradient, options, slot, scalar }: Update<SGDOptions>): void {
    const { lr, momentum, dampening, weightDecay, nesterov } = options
    const slope = weightDecay === 0 ? gradient : gradient.add(parameter, { alpha: weightDecay })
    let direction = slope
    if (momentum !== 0) {
      const buffer = slot.buffer('momentum_buffer')
      const share = dampening === 0 ? slope : slope.mul(scalar('share', slot.step === 1 ? 1 : 1 - dampening))
      const velocity = share.add(buffer, { alpha: momentum })
      buffer.assign(velocity)
      direction = nesterov ? slope.add(velocity, { alpha: momentum }) : velocity
    }
    parameter.assign(parameter.sub(direction.mul(scalar('lr', lr))))
  }
}
