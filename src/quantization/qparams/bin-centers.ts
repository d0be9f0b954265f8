import { arange } from '../../engine/create-tensors.ts'
import type { Tensor } from '../../engine/tensor.ts'
import type { Histogram } from './histogram-range.ts'

/** The value in the middle of each bin, float32, [blocks, 2 * bins]. */
export function binCenters({ counts, width }: Histogram): Tensor {
  const slots = counts.shape[1] ?? 0
  return arange(0, slots, { dtype: 'float32' })
    .add(0.5 - slots / 2)
    .mul(width)
}
