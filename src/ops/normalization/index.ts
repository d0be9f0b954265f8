// Normalizations and the operations that their gradients are.
import type { Operation } from '../../ir/operation.ts'
import { batchNorm } from './batch-norm.ts'
import { batchNormGradient } from './batch-norm-gradient.ts'
import { groupNorm, groupNormGradient } from './group-norm.ts'
import { layerNorm, layerNormGradient } from './layer-norm.ts'
import { rmsNorm, rmsNormGradient } from './rms-norm.ts'

/** Normalizations and their gradients. */
export const normalizationOperations: readonly Operation[] = [
  batchNorm,
  batchNormGradient,
  layerNorm,
  layerNormGradient,
  groupNorm,
  groupNormGradient,
  rmsNorm,
  rmsNormGradient,
]
