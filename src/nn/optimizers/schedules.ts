import type { LearningRate, Optimizer } from './optimizer.ts'

/** Any optimizer: schedules only set learning rates. */
export type Scheduled = Pick<Optimizer<LearningRate>, 'groups'>

/**
 * Sets an optimizer's learning rates after each call of `step`. The rates are those of a formula in the number of steps, starting from what
 * each group had.
 */
export abstract class LearningRateSchedule {
  readonly #optimizer: Scheduled
  readonly #bases: readonly number[]
  #steps = 0

  constructor(optimizer: Scheduled) {
    this.#optimizer = optimizer
    this.#bases = optimizer.groups.map(({ options }) => options.lr)
  }

  /** Learning rate of a group after some steps. */
  protected abstract rateAt(steps: number, base: number): number

  /** Steps that were made. */
  get steps(): number {
    return this.#steps
  }

  /** Sets the rates for the next step: call it after the optimizer's, once a step or once an epoch. */
  step(): void {
    this.moveTo(this.#steps + 1)
  }

  /** Sets the rates that hold after some steps, to go on where a training was left. */
  moveTo(steps: number): void {
    this.#steps = steps
    this.#optimizer.groups.forEach((group, i) => {
      group.options = { ...group.options, lr: this.rateAt(steps, this.#bases[i] ?? group.options.lr) }
    })
  }
}

/** Multiplies the rate by `gamma` (default 0.1) every `stepSize` steps. */
export class StepLR extends LearningRateSchedule {
  readonly #stepSize: number
  readonly #gamma: number

  constructor(
    optimizer: Scheduled,
    { stepSize, gamma = 0.1 }: { readonly stepSize: number; readonly gamma?: number },
  ) {
    super(optimizer)
    this.#stepSize = atLeastOne('StepLR', 'stepSize', stepSize)
    this.#gamma = gamma
    this.moveTo(0)
  }

  protected override rateAt(steps: number, base: number): number {
    return base * this.#gamma ** Math.floor(steps / this.#stepSize)
  }
}

/** Half a period of a cosine from the rate down to `etaMin` (default 0) in `tMax` steps, and on from there. */
export class CosineAnnealingLR extends LearningRateSchedule {
  readonly #tMax: number
  readonly #etaMin: number

  constructor(
    optimizer: Scheduled,
    { tMax, etaMin = 0 }: { readonly tMax: number; readonly etaMin?: number },
  ) {
    super(optimizer)
    this.#tMax = atLeastOne('CosineAnnealingLR', 'tMax', tMax)
    this.#etaMin = etaMin
    this.moveTo(0)
  }

  protected override rateAt(steps: number, base: number): number {
    return this.#etaMin + ((base - this.#etaMin) * (1 + Math.cos((Math.PI * steps) / this.#tMax))) / 2
  }
}

/** How a linear schedule goes. */
export interface LinearLROptions {
  /** Factor of the rate at the start; default 1 / 3. */
  readonly startFactor?: number
  /** Factor of the rate from `totalIters` on; default 1. */
  readonly endFactor?: number
  /** Steps to get there; default 5. */
  readonly totalIters?: number
}

/** Changes a factor of the rate linearly: a warm-up. */
export class LinearLR extends LearningRateSchedule {
  readonly #start: number
  readonly #end: number
  readonly #total: number

  constructor(
    optimizer: Scheduled,
    { startFactor = 1 / 3, endFactor = 1, totalIters = 5 }: LinearLROptions = {},
  ) {
    super(optimizer)
    this.#start = startFactor
    this.#end = endFactor
    this.#total = atLeastOne('LinearLR', 'totalIters', totalIters)
    this.moveTo(0)
  }

  protected override rateAt(steps: number, base: number): number {
    return base * (this.#start + ((this.#end - this.#start) * Math.min(steps, this.#total)) / this.#total)
  }
}

/** @throws RangeError when a number of steps is below 1 */
export function atLeastOne(schedule: string, name: string, steps: number): number {
  if (steps >= 1) return steps
  throw new RangeError(`Cannot make a "${schedule}": expected ${name} of at least 1, got ${steps}`)
}
