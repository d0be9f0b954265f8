import { recordAll, type Tensor } from '../../engine/tensor.ts'
import { blockRange } from '../../ops/quantization/block-range.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import { RangeCalculator, type TensorRange } from './range-calculator.ts'

/**
 * The smallest and the largest value of each block, extended to contain 0: [min(0, min(x)), max(0, max(x))]. Known bounds of the spec replace them. One NaN
 * makes the bounds of its block NaN.
 *
 * Source: Krishnamoorthi, Quantizing Deep Convolutional Networks for Efficient Inference, 2018, section 2.
 */
export class MinMaxRange extends RangeCalculator {
  override forward(x: Tensor, blocks: Blocks): TensorRange {
    const [min, max] = this.spec.floatRange
    const [low = x, high = x] = recordAll(blockRange, [x], { blocks, min, max })
    return { min: low, max: high }
  }
}
