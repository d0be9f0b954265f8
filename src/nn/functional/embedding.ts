import { record, type Tensor } from '../../engine/tensor.ts'
import { embedding as embeddingOp } from '../../ops/indexing/embedding.ts'

/** Rows of a table [rows, width] by their numbers [...]: [..., width]. The row `paddingIdx` gets no gradient; -1, the default, is none. */
export function embedding(
  indices: Tensor,
  weight: Tensor,
  { paddingIdx = -1 }: { readonly paddingIdx?: number } = {},
): Tensor {
  return record(embeddingOp, [weight, indices], { paddingIdx })
}
