import type { PlacedWeight } from './weight-model.ts'
import type { PlannedRuns } from './weight-plan.ts'

/** How many values a part has, about: with their codes they fit into a processor's cache. */
const PART_VALUES = 2 ** 18
/** Bytes of a part that is copied. */
const PART_BYTES = 2 ** 20

/** A part of the work that needs nothing of the others: neighbouring values of a weight, or neighbouring bytes of one that is copied. */
export interface WeightPart {
  readonly placed: PlacedWeight
  readonly start: number
  readonly count: number
}

/** Divides the work, in the order of the files. The same plan is always divided in the same way. */
export function weightParts(plan: readonly PlacedWeight[]): WeightPart[] {
  return plan.flatMap((placed) => {
    const { entry, quantized } = placed.weight
    const total = quantized === null ? entry.end - entry.begin : quantized.count
    const step = quantized === null ? PART_BYTES : partLength(quantized)
    return Array.from({ length: Math.ceil(total / step) }, (_, i) => {
      const start = i * step
      return { placed, start, count: Math.min(step, total - start) }
    })
  })
}

/** The values of a part: whole runs, and whole bytes of codes at each end. */
export function partLength({ runLength, count, dtype }: PlannedRuns): number {
  const unit = dtype === 'int4' && runLength % 2 === 1 ? 2 * runLength : runLength
  return Math.min(count, Math.max(1, Math.floor(PART_VALUES / unit)) * unit)
}
