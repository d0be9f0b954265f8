import { where } from '../../engine/combine-tensors.ts'
import { full } from '../../engine/create-tensors.ts'
import { recordAll, type Tensor } from '../../engine/tensor.ts'
import type { Buffer } from '../../nn/parameter.ts'
import { blockRange } from '../../ops/quantization/block-range.ts'
import { type Blocks, blockView } from '../../ops/quantization/blocks.ts'
import { histogram } from '../../ops/quantization/histogram.ts'
import { runningRange } from '../../ops/quantization/running-range.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { empty, keep } from './kept-buffer.ts'
import { RangeCalculator, type TensorRange } from './range-calculator.ts'

/** How the values of each block are distributed. */
export interface Histogram {
  /** Counts, int64, [blocks, 2 * bins]: ascending, with as many bins below 0 as above. */
  readonly counts: Tensor
  /** Width of a bin, a power of two: [blocks, 1]. */
  readonly width: Tensor
  /** Smallest value, at most 0: [blocks, 1]. */
  readonly min: Tensor
  /** Largest value, at least 0: [blocks, 1]. */
  readonly max: Tensor
}

/** Counts that are kept for one observer of many blocks; each has fewer bins then. */
const MAX_COUNTS = 2 ** 18

/** No histogram has fewer bins on a side. */
const MIN_BINS = 64

/**
 * A range that follows from how values are distributed. Activations are counted in a histogram that takes in all tensors so far, in memory that does
 * not grow with them; weights, which come whole, are counted anew at each call. The bins are the same however the tensors are grouped into batches
 * (see the operation `lowbit.histogram`), and so is the range. Infinities are not counted; one NaN makes the range of its block NaN.
 */
export abstract class HistogramRange extends RangeCalculator {
  static readonly accumulates: boolean = true
  /** Counts of all activations so far. */
  counts: Buffer | null = this.target === 'activation' ? empty('int64') : null
  /** Widths of the bins. */
  width: Buffer | null = this.target === 'activation' ? empty('float32') : null
  /** Smallest values so far. */
  running_min: Buffer | null = this.target === 'activation' ? empty('float32') : null
  /** Largest values so far. */
  running_max: Buffer | null = this.target === 'activation' ? empty('float32') : null

  /** Bins on each side of 0, a power of two. Default: 4096. */
  protected get bins(): number {
    return 4096
  }

  /** The range of each block, [blocks, 1], by how its values are distributed. It need not heed the bounds of the spec. */
  protected abstract rangeOf(histogram: Histogram): TensorRange

  override forward(x: Tensor, blocks: Blocks): TensorRange {
    const [low, high] = this.spec.floatRange
    if (low !== null && high !== null) return extremes(x, blocks, low, high)
    const { scaleShape } = blockView('lowbit.histogram', x.shape, blocks)
    const { min, max } = this.find(withoutInfinities(x), blocks)
    return {
      min: low === null ? min.reshape(scaleShape) : full(scaleShape, low),
      max: high === null ? max.reshape(scaleShape) : full(scaleShape, high),
    }
  }

  /** The range of float32 values without infinities, [blocks, 1]. */
  protected find(x: Tensor, blocks: Blocks): TensorRange {
    return this.rangeOf(this.#observe(x, blocks))
  }

  #observe(x: Tensor, blocks: Blocks): Histogram {
    const seen = extremes(x, blocks)
    const count = sizeOf(seen.min.shape)
    const newest = { min: seen.min.reshape([count, 1]), max: seen.max.reshape([count, 1]) }
    const bins = this.#binsFor(count, sizeOf(x.shape) / count)
    const before = this.#isEmpty ? [null, null] : [this.counts, this.width]
    const [counts = x, width = x] = recordAll(histogram, [x, ...before], { blocks, bins })
    if (this.target !== 'activation') return { counts, width, ...newest }
    const range = this.#isEmpty ? newest : this.#extend(newest)
    this.counts = keep(this.counts ?? empty('int64'), counts)
    this.width = keep(this.width ?? empty('float32'), width)
    this.running_min = keep(this.running_min ?? empty('float32'), range.min)
    this.running_max = keep(this.running_max ?? empty('float32'), range.max)
    return { counts: this.counts, width: this.width, min: this.running_min, max: this.running_max }
  }

  get #isEmpty(): boolean {
    return this.counts === null || sizeOf(this.counts.shape) === 0
  }

  #extend({ min, max }: TensorRange): TensorRange {
    const inputs = [min, max, this.running_min, this.running_max]
    const [low = min, high = max] = recordAll(runningRange, inputs, { average: null })
    return { min: low, max: high }
  }

  /** Of activations the number must not depend on the size of a batch; more bins than elements say nothing of a weight. */
  #binsFor(count: number, elements: number): number {
    const limit = this.target === 'activation' ? MAX_COUNTS / count : elements
    return Math.min(this.bins, Math.max(MIN_BINS, 2 ** Math.floor(Math.log2(limit))))
  }
}

/** Smallest and largest value of each block, extended to contain 0; bounds that are known replace them. */
export function extremes(
  x: Tensor,
  blocks: Blocks,
  low: number | null = null,
  high: number | null = null,
): TensorRange {
  const [min = x, max = x] = recordAll(blockRange, [x], { blocks, min: low, max: high })
  return { min, max }
}

function withoutInfinities(x: Tensor): Tensor {
  const values = x.detach().to('float32')
  return where(values.abs().ne(Number.POSITIVE_INFINITY), values, 0)
}
