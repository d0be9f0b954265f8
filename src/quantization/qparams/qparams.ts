import type { Tensor } from '../../engine/tensor.ts'

/** What quantizes a tensor, q = clamp(round(x / scale) + zeroPoint) or q = clamp(round((x - minval) / scale) + quantMin): one entry for each block, along as many dimensions as the tensor has. */
export interface QParams {
  /** Distance between neighbouring quantized values. */
  readonly scale: Tensor
  /** Quantized value that stands for 0 (int32); null for float dtypes. */
  readonly zeroPoint: Tensor | null
  /** Float that the smallest quantized value stands for in the minval formulation; null for float dtypes. */
  readonly minval: Tensor | null
}
