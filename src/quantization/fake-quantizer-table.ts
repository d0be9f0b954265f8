import type { QATSchedule } from './config/qat-schedule.ts'
import type { FakeQuantize } from './fake-quantize/fake-quantize.ts'
import type { Logger } from './logger.ts'

/** A fake quantizer in a prepared model. */
export interface PlacedFakeQuantize {
  /** One object may stand in several places. */
  readonly fakeQuantize: FakeQuantize
  /** Path of the module that it belongs to. */
  readonly module: string
}

/** The fake quantizers of a prepared model: which module they belong to, and when they are on in training. */
export class FakeQuantizerTable {
  readonly #placed: readonly PlacedFakeQuantize[]
  readonly #schedules = new Map<FakeQuantize, QATSchedule>()

  /** @param scheduleOf schedule of a module by its path, null where it has none */
  constructor(
    placed: readonly PlacedFakeQuantize[],
    scheduleOf: (module: string) => QATSchedule | null,
    logger: Logger,
  ) {
    this.#placed = placed
    for (const { fakeQuantize, module } of placed) {
      const schedule = scheduleOf(module)
      const known = this.#schedules.get(fakeQuantize)
      if (schedule === null) continue
      if (known === undefined) this.#schedules.set(fakeQuantize, schedule)
      else if (JSON.stringify(known) !== JSON.stringify(schedule)) {
        logger.warn(
          `The schedule of "${module}" is not used for a fake quantizer that it shares: another module gave it one before`,
        )
      }
    }
  }

  /** Whether any fake quantizer has a schedule. */
  get isScheduled(): boolean {
    return this.#schedules.size > 0
  }

  /** Every fake quantizer, each once. */
  all(): Set<FakeQuantize> {
    return new Set(this.#placed.map(({ fakeQuantize }) => fakeQuantize))
  }

  /** Those of a module and of all below it. */
  within(path: string): Set<FakeQuantize> {
    const inside = this.#placed.filter(
      ({ module }) => path === '' || module === path || module.startsWith(`${path}.`),
    )
    return new Set(inside.map(({ fakeQuantize }) => fakeQuantize))
  }

  /** Switches those that have a schedule to where it stands after `count` steps. */
  applySchedules(count: number): void {
    for (const [fakeQuantize, schedule] of this.#schedules) {
      const { observer, fakeQuant } = schedule.stateAt(count)
      fakeQuantize.enableObserver(observer)
      fakeQuantize.enableFakeQuant(fakeQuant)
    }
  }
}
