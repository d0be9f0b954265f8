import type { DigitSet } from './data.ts'

const CLASSES = 10

/** Digit with the largest logit, for each row of [N, 10]. */
function predictions(logits: Float32Array): number[] {
  return Array.from({ length: logits.length / CLASSES }, (_, row) => {
    const scores = logits.subarray(row * CLASSES, (row + 1) * CLASSES)
    return scores.indexOf(Math.max(...scores))
  })
}

/** Share of digits that are recognised, 0 to 1. */
export function accuracy(logits: Float32Array, { labels }: DigitSet): number {
  return predictions(logits).filter((digit, i) => digit === labels[i]).length / labels.length
}

/** How much two sets of logits say the same. */
export interface Agreement {
  /** Share of equal predictions, 0 to 1. */
  readonly equal: number
  /** Largest difference of two logits. */
  readonly maxDifference: number
}

/** Compares logits of the same digits. */
export function compare(a: Float32Array, b: Float32Array): Agreement {
  const theirs = predictions(b)
  const equal = predictions(a).filter((digit, i) => digit === theirs[i]).length / theirs.length
  const maxDifference = a.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))),
    0,
  )
  return { equal, maxDifference }
}
