/** Pictures or lines that are used where there are more and nobody says how many: ranges and agreement hardly change with more of them. */
const MAX_SAMPLES = 256

/** Some of many samples. */
export interface SampleChoice {
  readonly count: number
  /** Whether the sample of an index is one of them. */
  readonly isWanted: (index: number) => boolean
}

/**
 * Chooses samples that are evenly spread over all of them, since what stands together is often alike.
 * @param samples batches at most; undefined where nobody says so
 */
export function chooseSamples(total: number, samples: number | undefined, batchSize: number): SampleChoice {
  const count = Math.min(total, samples === undefined ? MAX_SAMPLES : samples * batchSize)
  // Sample k of `count` stands at floor(k * total / count).
  const isWanted = (index: number) => {
    const k = Math.ceil((index * count) / total)
    return k < count && Math.floor((k * total) / count) === index
  }
  return { count, isWanted }
}

/** What a report says of a choice: `64 pictures`, or `256 of 5000 pictures`. */
export function describeChoice({ count }: SampleChoice, total: number, noun: string): string {
  return count === total ? `${count} ${noun}` : `${count} of ${total} ${noun}`
}
