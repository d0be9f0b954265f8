import { generator } from '../engine/generator.ts'
import { recorder } from '../engine/recorder.ts'
import { fromHost, type Tensor } from '../engine/tensor.ts'
import type { DType } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { Random } from '../tensor/random.ts'
import { checkBatch, partsOf, type SamplePart, stackSamples } from './stack-samples.ts'

/** How samples become batches. */
export interface DataLoaderOptions {
  /** Samples of a batch; default 1. */
  readonly batchSize?: number
  /** Whether each epoch has an order of its own; default false. */
  readonly shuffle?: boolean
  /** Seed of the orders; default: drawn from the generator that `manualSeed` seeds. */
  readonly seed?: number
  /** Whether a last batch with fewer samples is left out; default false. */
  readonly dropLast?: boolean
  /** Dtypes of the parts of samples that are plain numbers; default float32 for numbers, int64 for bigints, bool for booleans. */
  readonly dtypes?: readonly (DType | undefined)[]
}

/** One tensor for each part of a sample. */
export type Batch<P extends readonly unknown[]> = { readonly [K in keyof P]: Tensor }

/**
 * Samples by number; `ArrayDataset` is one.
 * @typeParam P parts of a sample
 */
export interface Dataset<P extends readonly unknown[]> {
  /** Number of samples. */
  readonly length: number
  /** What the parts of a sample are. */
  readonly columns: P
  /** Samples by their numbers, as one array for each part with a dimension for the samples in front. */
  take(indices: Iterable<number>): readonly HostArray[]
}

/** Samples by number, in an array, or in a stream; a sample is an array of its parts. */
export type SampleSource<P extends readonly unknown[]> =
  | Dataset<P>
  | readonly SampleParts<P>[]
  | Iterable<SampleParts<P>>
  | AsyncIterable<SampleParts<P>>

/** One sample: its parts, each of which becomes a row of a tensor. */
export type SampleParts<P extends readonly unknown[]> = P & readonly SamplePart[]

/**
 * Goes through samples in batches: `for await (const [images, labels] of loader)` is an epoch. The body of the loop need not await anything: before
 * each batch, what was recorded so far is dispatched, and the loop waits while it is more than a few runs ahead of the engine.
 *
 * @typeParam P parts of a sample
 */
export class DataLoader<const P extends readonly unknown[]> implements AsyncIterable<Batch<P>> {
  readonly #source: SampleSource<P>
  readonly #batchSize: number
  readonly #dropLast: boolean
  readonly #dtypes: readonly (DType | undefined)[]
  /** Null where the order stays. */
  readonly #random: Random | null

  /**
   * @throws RangeError when the batch size is no positive integer
   * @throws TypeError when a stream is to be shuffled
   */
  constructor(source: SampleSource<P>, options: DataLoaderOptions = {}) {
    const { batchSize = 1, shuffle = false, seed, dropLast = false, dtypes = [] } = options
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`Cannot make a data loader: expected a batch size of at least 1, got ${batchSize}`)
    }
    if (shuffle && !('length' in source)) {
      throw new TypeError(
        'Cannot make a data loader: expected an array or a dataset to shuffle, got a stream',
      )
    }
    this.#source = source
    this.#batchSize = batchSize
    this.#dropLast = dropLast
    this.#dtypes = dtypes
    this.#random = shuffle ? (seed === undefined ? generator().fork() : new Random(seed)) : null
  }

  /** Number of batches of an epoch; undefined for a stream. */
  get length(): number | undefined {
    if (!('length' in this.#source)) return undefined
    const batches = this.#source.length / this.#batchSize
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  /** @throws ShapeError, in the middle of the epoch, for a sample that does not look like the first one; the message names the batch */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<P>> {
    const source = this.#source
    const batches =
      'take' in source
        ? this.#taken(source)
        : this.#stacked('length' in source ? this.#ordered(source) : source)
    for await (const batch of batches) {
      await recorder.catchUp()
      yield batch
    }
  }

  async *#taken(dataset: Dataset<P>): AsyncGenerator<Batch<P>> {
    const order = this.#order(dataset.length)
    let first: readonly HostArray[] | undefined
    for (let start = 0, batch = 0; start < order.length; start += this.#batchSize, batch++) {
      const indices = order.slice(start, start + this.#batchSize)
      if (this.#dropLast && indices.length < this.#batchSize) return
      const arrays = dataset.take(indices)
      first ??= arrays
      checkBatch(arrays, first, indices.length, batch)
      yield toTensors(arrays)
    }
  }

  async *#stacked(
    samples: Iterable<SampleParts<P>> | AsyncIterable<SampleParts<P>>,
  ): AsyncGenerator<Batch<P>> {
    let first: readonly HostArray[] | undefined
    let waiting: (readonly HostArray[])[] = []
    let batch = 0
    for await (const sample of samples) {
      const parts = partsOf(sample, this.#dtypes)
      first ??= parts
      waiting.push(parts)
      if (waiting.length < this.#batchSize) continue
      yield toTensors(stackSamples(waiting, first, batch++))
      waiting = []
    }
    if (first !== undefined && waiting.length > 0 && !this.#dropLast)
      yield toTensors(stackSamples(waiting, first, batch))
  }

  *#ordered(samples: readonly SampleParts<P>[]): Generator<SampleParts<P>> {
    for (const i of this.#order(samples.length)) {
      const sample = samples[i]
      if (sample !== undefined) yield sample
    }
  }

  /** Numbers of the samples in the order of this epoch. */
  #order(length: number): Int32Array {
    return this.#random?.permutation(length) ?? Int32Array.from({ length }, (_, i) => i)
  }
}

function toTensors<P extends readonly unknown[]>(arrays: readonly HostArray[]): Batch<P> {
  const tensors: readonly Tensor[] = arrays.map(fromHost)
  return tensors as Batch<P>
}
