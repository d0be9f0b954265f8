// Attention, with its gradient.
import type { Operation } from '../../ir/operation.ts'
import { attentionGradient } from './attention-gradient.ts'
import { scaledDotProductAttention } from './scaled-dot-product-attention.ts'

/** Attention and its gradient. */
export const attentionOperations: readonly Operation[] = [scaledDotProductAttention, attentionGradient]
