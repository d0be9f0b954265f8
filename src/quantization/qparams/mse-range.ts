import type { Tensor } from '../../engine/tensor.ts'
import { type Blocks, blockView } from '../../ops/quantization/blocks.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { qparamsFor, quantizeBy } from './apply-qparams.ts'
import { binCenters } from './bin-centers.ts'
import { extremes, type Histogram } from './histogram-range.ts'
import type { TensorRange } from './range-calculator.ts'
import { type CountedValues, SearchedRange } from './searched-range.ts'

/**
 * The range with the smallest mean squared error: sum over x of count(x) * (x - quantize(x))^2, where values outside of the range cost what clamping
 * them does. Activations are counted in a histogram, whose bins stand for the value in their middle; of weights every single value counts.
 *
 * Source: Sung, Shin and Hwang, Resiliency of Deep Neural Networks under Quantization, 2015; Nagel et al., A White Paper on Neural Network
 * Quantization, 2021, section 3.1.
 */
export class MSERange extends SearchedRange {
  protected override find(x: Tensor, blocks: Blocks): TensorRange {
    if (this.target === 'activation') return super.find(x, blocks)
    const { min, max } = extremes(x, blocks)
    const rows = [sizeOf(min.shape), 1]
    const values = rowsOf(x, blocks)
    return this.search({ values, counts: null }, { min: min.reshape(rows), max: max.reshape(rows) })
  }

  protected override rangeOf(histogram: Histogram): TensorRange {
    const counts = histogram.counts.to('float32')
    return this.search({ values: binCenters(histogram), counts }, histogram)
  }

  protected override costs({ values, counts }: CountedValues, ranges: TensorRange): Tensor {
    const x = values.unsqueeze(0).expand([ranges.min.shape[0] ?? 1, -1, -1])
    const quantized = quantizeBy(x, [1, 1, -1], qparamsFor(ranges, this.spec), this.spec)
    const error = x.sub(quantized)
    const squared = error.mul(error)
    return (counts === null ? squared : squared.mul(counts)).sum(2, { keepdim: true })
  }
}

/** The values of each block in a row. */
function rowsOf(x: Tensor, blocks: Blocks): Tensor {
  const { view, inner, scaleShape } = blockView('lowbit.histogram', x.shape, blocks)
  const outer = view.flatMap((_, i) => (inner.includes(i) ? [] : [i]))
  const count = sizeOf(scaleShape.map(Number))
  return x
    .reshape(view)
    .permute([...outer, ...inner])
    .reshape([count, sizeOf(x.shape) / count])
}
