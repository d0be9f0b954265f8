import type { LearningRate, Optimizer } from './optimizer.ts'
import { atLeastOne, LearningRateSchedule } from './schedules.ts'

/** How one cycle goes; the defaults are PyTorch's. */
export interface OneCycleOptions {
  /** Highest rate. */
  readonly maxLr: number
  /** Steps of the cycle. */
  readonly totalSteps: number
  /** Share of the cycle that goes up; default 0.3. */
  readonly pctStart?: number
  /** Shape of the ways up and down; default 'cos'. */
  readonly annealStrategy?: 'cos' | 'linear'
  /** The first rate is `maxLr / divFactor`; default 25. */
  readonly divFactor?: number
  /** The last rate is the first one divided by this; default 1e4. */
  readonly finalDivFactor?: number
  /** Whether a third phase leads from the first rate to the last one; default false. */
  readonly threePhase?: boolean
}

interface Phase {
  /** Number of the step in which it ends. */
  readonly end: number
  readonly from: number
  readonly to: number
}

/** One cycle up to a high rate and down to almost none (Smith and Topin, 2018). The optimizer's own rate does not matter; its momentum stays. */
export class OneCycleLR extends LearningRateSchedule {
  readonly #phases: readonly Phase[]
  readonly #anneal: (from: number, to: number, share: number) => number
  readonly #totalSteps: number

  constructor(optimizer: Pick<Optimizer<LearningRate>, 'groups'>, options: OneCycleOptions) {
    super(optimizer)
    this.#totalSteps = atLeastOne('OneCycleLR', 'totalSteps', options.totalSteps)
    this.#phases = phasesOf(options)
    this.#anneal = options.annealStrategy === 'linear' ? linear : cosine
    this.moveTo(0)
  }

  /** @throws RangeError when the cycle is over */
  protected override rateAt(steps: number): number {
    if (steps >= this.#totalSteps) {
      throw new RangeError(
        `Cannot step a "OneCycleLR": expected at most ${this.#totalSteps - 1} calls of step(), got ${steps}`,
      )
    }
    let start = 0
    for (const { end, from, to } of this.#phases) {
      if (steps <= end) return this.#anneal(from, to, (steps - start) / (end - start))
      start = end
    }
    return this.#phases.at(-1)?.to ?? 0
  }
}

function phasesOf({
  maxLr,
  totalSteps,
  pctStart = 0.3,
  divFactor = 25,
  finalDivFactor = 1e4,
  threePhase = false,
}: OneCycleOptions): Phase[] {
  const first = maxLr / divFactor
  const last = first / finalDivFactor
  const top = pctStart * totalSteps - 1
  const up: Phase = { end: top, from: first, to: maxLr }
  if (!threePhase) return [up, { end: totalSteps - 1, from: maxLr, to: last }]
  const low = 2 * pctStart * totalSteps - 2
  return [up, { end: low, from: maxLr, to: first }, { end: totalSteps - 1, from: first, to: last }]
}

function linear(from: number, to: number, share: number): number {
  return from + (to - from) * share
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share))
}
