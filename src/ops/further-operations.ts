// What vision, audio and language models use besides: most is composed of the other operations. Each stands in the folder that it belongs to.
import type { Operation } from '../ir/operation.ts'
import { glu, prelu, threshold } from './activation/gated.ts'
import { col2im, im2col, unfold } from './convolution/windows.ts'
import { fullLike, newFull, newOnes, newZeros } from './creation/like.ts'
import { addcdiv, addcmul, lerp, typeAs } from './elementwise/combined.ts'
import { expm1, log1p } from './elementwise/log1p.ts'
import { exp2, log2, log10, square } from './elementwise/powers.ts'
import { bitwiseAnd, bitwiseNot, bitwiseOr, isinf, isnan } from './elementwise/predicates.ts'
import { remainder } from './elementwise/remainder.ts'
import { indexSelect, maskedScatter, oneHot, scatter, scatterAdd } from './indexing/index-select.ts'
import { baddbmm, dot, mm, mv, outer } from './matrix/vectors.ts'
import { instanceNorm } from './normalization/instance-norm.ts'
import { adaptiveMaxPool2d } from './pooling/adaptive-max-pool.ts'
import { all, any, logsumexp } from './reduction/logsumexp.ts'
import { oldNorm, std, stdMean, varMean, vectorNorm } from './reduction/norm.ts'
import { max, min } from './reduction/place.ts'
import { prod } from './reduction/prod.ts'
import { argsort, sort, topk } from './reduction/top-k.ts'
import { gridSampler2d } from './resampling/grid-sample.ts'
import {
  upsampleBicubic2d,
  upsampleBilinear2d,
  upsampleLinear1d,
  upsampleNearest1d,
  upsampleNearest2d,
  upsampleNearest3d,
} from './resampling/upsample.ts'
import { expandAs, movedim, mT, narrow, reshapeAs, unbind, viewAs } from './shape/alike.ts'
import { repeat, repeatInterleave, tile } from './shape/repeat.ts'
import { flip, roll } from './shape/roll.ts'
import { channelShuffle, pixelShuffle, pixelUnshuffle } from './shape/shuffle.ts'
import { tril, triu } from './shape/triangle.ts'

/** Operations beyond those that layers are made of. */
export const furtherOperations: readonly Operation[] = [
  ...[glu, prelu, threshold],
  ...[col2im, im2col, unfold],
  ...[fullLike, newFull, newOnes, newZeros],
  ...[addcdiv, addcmul, lerp, typeAs],
  ...[expm1, log1p],
  ...[exp2, log2, log10, square],
  ...[bitwiseAnd, bitwiseNot, bitwiseOr, isinf, isnan],
  ...[remainder],
  ...[indexSelect, maskedScatter, oneHot, scatter, scatterAdd],
  ...[baddbmm, dot, mm, mv, outer],
  ...[instanceNorm],
  ...[adaptiveMaxPool2d],
  ...[all, any, logsumexp],
  ...[oldNorm, std, stdMean, varMean, vectorNorm],
  ...[max, min],
  ...[prod],
  ...[argsort, sort, topk],
  ...[gridSampler2d],
  ...[
    upsampleBicubic2d,
    upsampleBilinear2d,
    upsampleLinear1d,
    upsampleNearest1d,
    upsampleNearest2d,
    upsampleNearest3d,
  ],
  ...[expandAs, movedim, mT, narrow, reshapeAs, unbind, viewAs],
  ...[repeat, repeatInterleave, tile],
  ...[flip, roll],
  ...[channelShuffle, pixelShuffle, pixelUnshuffle],
  ...[tril, triu],
]
