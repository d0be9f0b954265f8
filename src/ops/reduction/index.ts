// Operations that go over whole dimensions: sums, means, extrema and their places, variances, running sums. `aten.expand`, the adjoint
// of a sum, lives here as well.
import type { Operation } from '../../ir/operation.ts'
import { argmax, argmin } from './arg-extremum.ts'
import { cumsum, reversedCumsum } from './cumsum.ts'
import { amax, amin } from './extremum.ts'
import { all, any, logsumexp } from './logsumexp.ts'
import { mean } from './mean.ts'
import { oldNorm, std, stdMean, varMean, vectorNorm } from './norm.ts'
import { max, min } from './place.ts'
import { prod } from './prod.ts'
import { expand, sum } from './sum.ts'
import { argsort, sort, topk } from './top-k.ts'
import { variance } from './var.ts'

/** Reductions and their adjoints. */
export const reductionOperations: readonly Operation[] = [
  ...[sum, expand, mean, amax, amin, variance, argmax, argmin, cumsum, reversedCumsum],
  ...[max, min, topk, sort, argsort, prod, vectorNorm, oldNorm, std, varMean, stdMean, logsumexp, any, all],
]
