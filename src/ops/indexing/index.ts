// Lookups by positions, and the additions at positions that their gradients are.
import type { Operation } from '../../ir/operation.ts'
import { embedding, embeddingGradient } from './embedding.ts'
import { gather, gatherGradient } from './gather.ts'
import { index, indexGradient } from './index-op.ts'
import { indexSelect, maskedScatter, oneHot, scatter, scatterAdd } from './index-select.ts'

/** Lookups and their adjoints. */
export const indexingOperations: readonly Operation[] = [
  embedding,
  embeddingGradient,
  index,
  indexGradient,
  gather,
  gatherGradient,
  ...[indexSelect, oneHot, scatter, scatterAdd, maskedScatter],
]
