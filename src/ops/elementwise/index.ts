// Operations that treat every element alike: arithmetic, functions of one variable, limits, comparisons, logic, selection, casts.
// Two operands broadcast by NumPy's rules and meet in PyTorch's dtype (binary.ts); functions of one share unary.ts.
import type { Operation } from '../../ir/operation.ts'
import { abs, sign } from './abs.ts'
import { add, sub } from './add.ts'
import { clamp } from './clamp.ts'
import { eq, ge, gt, le, lt, ne } from './comparison.ts'
import { alias, clone, contiguous, liftFreshCopy } from './copies.ts'
import { detach } from './detach.ts'
import { div } from './div.ts'
import { erf } from './erf.ts'
import { exp } from './exp.ts'
import { log } from './log.ts'
import { logicalAnd, logicalNot, logicalOr } from './logic.ts'
import { maximum, minimum } from './minimum.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'
import { pow } from './pow.ts'
import { reciprocal } from './reciprocal.ts'
import { ceil, floor, round } from './rounding.ts'
import { rsqrt } from './rsqrt.ts'
import { rsub } from './rsub.ts'
import { cos, sin } from './sine.ts'
import { sqrt } from './sqrt.ts'
import { to } from './to.ts'
import { where } from './where.ts'

/** Elementwise operations. */
export const elementwiseOperations: readonly Operation[] = [
  ...[add, sub, rsub, mul, div, neg, pow, sqrt, rsqrt, reciprocal, exp, log, sin, cos, erf],
  ...[abs, sign, floor, ceil, round, clamp, minimum, maximum, to],
  ...[eq, ne, lt, le, gt, ge, logicalAnd, logicalOr, logicalNot, where],
  ...[clone, alias, contiguous, liftFreshCopy, detach],
]
