import { arange } from '../../engine/create-tensors.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { type Histogram, HistogramRange } from './histogram-range.ts'
import type { TensorRange } from './range-calculator.ts'

/**
 * The range that keeps a percentage p of the values (`percentile` of the spec), in whole bins: few outliers no longer decide how coarse all the others
 * become. The symmetric schemes leave out the (100 - p)% of the largest magnitudes, the asymmetric one half of that on either side. The bounds are edges of
 * bins that are at most 1/2048 of the largest magnitude apart, and never beyond the smallest and largest value.
 *
 * Source: McKinstry et al., Discovering Low-Precision Networks Close to Full-Precision Networks for Efficient Embedded Inference, 2018; Wu et al., Integer
 * Quantization for Deep Learning Inference, 2020, section 5.2.
 */
export class PercentileRange extends HistogramRange {
  protected override rangeOf({ counts, width, min, max }: Histogram): TensorRange {
    const bins = (counts.shape[1] ?? 0) / 2
    const upTo = counts.cumsum(1)
    const total = upTo.slice(1, 2 * bins - 1)
    const outside = 1 - this.spec.percentile / 100
    if (this.spec.qscheme !== 'asymmetric') {
      // Magnitudes up to bin m: all up to that bin on the positive side, less those before it on the negative one.
      const before = upTo.sub(counts).index(null, arange(bins - 1, -1, { step: -1 }))
      const magnitudes = upTo.slice(1, bins).sub(before)
      const bound = width.mul(binsBeyond(total.sub(magnitudes), total, outside).add(1))
      return { min: min.maximum(bound.neg()), max: max.minimum(bound) }
    }
    const upper = binsBeyond(total.sub(upTo), total, outside / 2).add(1 - bins)
    const lower = binsUpTo(upTo, total, outside / 2).sub(bins)
    return { min: min.maximum(lower.mul(width)), max: max.minimum(upper.mul(width)) }
  }
}

/** Number of bins, from the first one on, with more than a fraction of all values beyond them. */
function binsBeyond(beyond: Tensor, total: Tensor, fraction: number): Tensor {
  return count(beyond.to('float32').gt(total.to('float32').mul(fraction)))
}

/** Number of bins, from the first one on, with fewer than a fraction of all values in them and before them. */
function binsUpTo(upTo: Tensor, total: Tensor, fraction: number): Tensor {
  return count(upTo.to('float32').lt(total.to('float32').mul(fraction)))
}

function count(condition: Tensor): Tensor {
  return condition.to('float32').sum(1, { keepdim: true })
}
