// Operations that go over whole dimensions: sums, means, extrema and their places, variances, running sums. `aten.expand`, the adjoint
// of a sum, lives here as well.
import type { Operation } from '../../ir/operation.ts'
import { argmax, argmin } from './arg-extremum.ts'
import { cumsum, reversedCumsum } from './cumsum.ts'
import { amax, amin } from './extremum.ts'
import { mean } from './mean.ts'
import { expand, sum } from './sum.ts'
import { variance } from './var.ts'

/** Reductions and their adjoints. */
export const reductionOperations: readonly Operation[] = [
  ...[sum, expand, mean, amax, amin, variance, argmax, argmin, cumsum, reversedCumsum],
]
