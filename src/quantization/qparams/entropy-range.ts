import { cat, where } from '../../engine/combine-tensors.ts'
import { arange } from '../../engine/create-tensors.ts'
import { record, type Tensor } from '../../engine/tensor.ts'
import { gatherGradient } from '../../ops/indexing/gather.ts'
import { qparamsFor, quantizeBy } from './apply-qparams.ts'
import { binCenters } from './bin-centers.ts'
import type { Histogram } from './histogram-range.ts'
import type { TensorRange } from './range-calculator.ts'
import { type CountedValues, SearchedRange } from './searched-range.ts'

/** Share of a quantized distribution that is spread evenly over its bins, so that no value is impossible in it. */
const SMOOTHING = 2 ** -10

/**
 * The range whose quantized values tell most of how the values were distributed: that with the smallest Kullback-Leibler divergence
 * KL(P || Q) = sum of P(i) * ln(P(i) / Q(i)) over the bins i of a histogram. P counts the values in the range, and those outside of it in its first and its last
 * bin. Q counts those in the range only, and spreads what falls on one quantized value evenly over its bins that are not empty. A range has at least as many
 * bins as there are quantized values, so that there is something to lose. Zeros, which a rectifier makes many of, are not counted.
 *
 * Source: Migacz, 8-bit Inference with TensorRT, GPU Technology Conference 2017.
 */
export class EntropyRange extends SearchedRange {
  protected override get octaves(): number {
    return 5
  }

  protected override rangeOf(histogram: Histogram): TensorRange {
    const counts = withoutZeros(histogram.counts.to('float32'))
    return this.search({ values: binCenters(histogram), counts }, histogram)
  }

  protected override costs({ values, counts }: CountedValues, ranges: TensorRange): Tensor {
    const x = values.unsqueeze(0).expand([ranges.min.shape[0] ?? 1, -1, -1])
    const quantized = quantizeBy(x, [1, 1, -1], qparamsFor(ranges, this.spec), this.spec)
    const inside = binsInside(values, this.#reach(ranges))
    const all = (counts ?? values.mul(0).add(1)).unsqueeze(0)
    const p = normalized(all.mul(inside).add(outliers(all, inside)))
    const size = total(inside)
    const q = normalized(spread(all.mul(inside), quantized))
      .mul(1 - SMOOTHING)
      .add(inside.div(size).mul(SMOOTHING))
    const divergence = total(where(p.gt(0), p.mul(logarithm(p).sub(logarithm(q))), 0))
    return where(size.ge(2 ** this.spec.nBits), divergence, Number.POSITIVE_INFINITY)
  }

  /** Where the quantized values end: with a symmetric scheme equally far on both sides. */
  #reach({ min, max }: TensorRange): TensorRange {
    if (this.spec.qscheme === 'asymmetric') return { min, max }
    const bound = max.maximum(min.neg())
    return { min: bound.neg(), max: bound }
  }
}

/** 1 for the bins that a range reaches into, else 0: float32, [candidates, blocks, 2 * bins]. */
function binsInside(centers: Tensor, { min, max }: TensorRange): Tensor {
  const half = centers
    .slice(1, 1, 2)
    .sub(centers.slice(1, 0, 1))
    .mul(0.5)
  return centers.add(half).ge(min).logicalAnd(centers.sub(half).le(max)).to('float32')
}

/** Counts with those of the two bins at 0 replaced by their neighbours': zeros are exact with every range and would outweigh all else. */
function withoutZeros(counts: Tensor): Tensor {
  const middle = (counts.shape[1] ?? 0) / 2
  const parts = [
    [0, middle - 1],
    [middle - 2, middle - 1],
    [middle + 1, middle + 2],
    [middle + 1, 2 * middle],
  ] as const
  return cat(
    parts.map(([start, end]) => counts.slice(1, start, end)),
    1,
  )
}

function total(x: Tensor): Tensor {
  return x.sum(2, { keepdim: true })
}

/** Counts as shares of 1; nothing counted stays nothing. */
function normalized(counts: Tensor): Tensor {
  return counts.div(total(counts).maximum(2 ** -126))
}

function logarithm(x: Tensor): Tensor {
  return x.maximum(2 ** -126).log()
}

/** What lies beyond either end of a range, counted in its first and its last bin. */
function outliers(counts: Tensor, inside: Tensor): Tensor {
  const slots = arange(0, inside.shape[2] ?? 0, { dtype: 'float32' })
  const first = inside.argmax(2, { keepdim: true }).to('float32')
  const last = first.add(total(inside)).sub(1)
  const below = total(counts.mul(slots.lt(first)))
  const above = total(counts.mul(slots.gt(last)))
  return below.mul(slots.eq(first)).add(above.mul(slots.eq(last)))
}

/** Counts with those of one quantized value, which neighbours share, spread evenly over its bins that are not empty. */
function spread(counts: Tensor, quantized: Tensor): Tensor {
  const slots = counts.shape[2] ?? 0
  const changes = quantized.slice(2, 1).ne(quantized.slice(2, 0, slots - 1))
  const level = cat([changes.slice(2, 0, 1).to('int64').mul(0), changes.cumsum(2)], 2)
  const isCounted = counts.gt(0).to('float32')
  const inLevel = (of: Tensor) =>
    record(gatherGradient, [of, level], { dim: 2, size: counts.shape }).gather(2, level)
  return inLevel(counts).div(inLevel(isCounted).maximum(1)).mul(isCounted)
}
