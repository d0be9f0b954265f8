// Lookups by positions, and the additions at positions that their gradients are.
import type { Operation } from '../../ir/operation.ts'
import { embedding, embeddingGradient } from './embedding.ts'
import { gather, gatherGradient } from './gather.ts'
import { index, indexGradient } from './index-op.ts'

/** Lookups and their adjoints. */
export const indexingOperations: readonly Operation[] = [
  embedding,
  embeddingGradient,
  index,
  indexGradient,
  gather,
  gatherGradient,
]
