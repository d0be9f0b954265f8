import type { Attributes } from '../ir/attributes.ts'
import type { Operation } from '../ir/operation.ts'
import type { NoAttributes } from '../ops/define-op.ts'
import { abs, sign } from '../ops/elementwise/abs.ts'
import { add, sub } from '../ops/elementwise/add.ts'
import type { ScalarOperand } from '../ops/elementwise/binary.ts'
import { clamp } from '../ops/elementwise/clamp.ts'
import { eq, ge, gt, le, lt, ne } from '../ops/elementwise/comparison.ts'
import { div } from '../ops/elementwise/div.ts'
import { erf } from '../ops/elementwise/erf.ts'
import { exp } from '../ops/elementwise/exp.ts'
import { log } from '../ops/elementwise/log.ts'
import { logicalAnd, logicalNot, logicalOr } from '../ops/elementwise/logic.ts'
import { maximum, minimum } from '../ops/elementwise/minimum.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { neg } from '../ops/elementwise/neg.ts'
import { pow } from '../ops/elementwise/pow.ts'
import { reciprocal } from '../ops/elementwise/reciprocal.ts'
import { ceil, floor, round } from '../ops/elementwise/rounding.ts'
import { rsqrt } from '../ops/elementwise/rsqrt.ts'
import { rsub } from '../ops/elementwise/rsub.ts'
import { cos, sin } from '../ops/elementwise/sine.ts'
import { sqrt } from '../ops/elementwise/sqrt.ts'
import type { Tensor } from './tensor.ts'

/** A second operand: a tensor, which broadcasts, or a number. */
export type Operand = Tensor | number

/** Factor of the second operand; default 1. */
export interface AlphaOptions {
  readonly alpha?: number
}

/**
 * Elementwise arithmetic on tensors, under PyTorch's names. Each method records one operation and returns at once.
 */
export abstract class TensorArithmetic {
  /** Records an operation on this tensor and others. */
  protected abstract record<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor

  /** Records an operation on this tensor and others, whose result takes the place of this tensor. */
  protected abstract recordInPlace<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor

  /** `this + alpha * other`, which takes the place of this tensor. Returns what is to be gone on with: `x = x.add_(y)`. */
  add_(other: Operand, { alpha = 1 }: AlphaOptions = {}): Tensor {
    return this.#binaryInPlace(add, other, { alpha })
  }

  /** `this - alpha * other`, as `add_`. */
  sub_(other: Operand, { alpha = 1 }: AlphaOptions = {}): Tensor {
    return this.#binaryInPlace(sub, other, { alpha })
  }

  /** `this * other`, as `add_`. */
  mul_(other: Operand): Tensor {
    return this.#binaryInPlace(mul, other, {})
  }

  /** `this + alpha * other`. */
  add(other: Operand, { alpha = 1 }: AlphaOptions = {}): Tensor {
    return this.#binary(add, other, { alpha })
  }

  /** `this - alpha * other`. */
  sub(other: Operand, { alpha = 1 }: AlphaOptions = {}): Tensor {
    return this.#binary(sub, other, { alpha })
  }

  /** `other - alpha * this`. */
  rsub(other: Operand, { alpha = 1 }: AlphaOptions = {}): Tensor {
    return this.#binary(rsub, other, { alpha })
  }

  /** `this * other`. */
  mul(other: Operand): Tensor {
    return this.#binary(mul, other, {})
  }

  /** `this / other`; `roundingMode` rounds the quotient, default null. */
  div(
    other: Operand,
    { roundingMode = null }: { readonly roundingMode?: 'floor' | 'trunc' | null } = {},
  ): Tensor {
    return this.#binary(div, other, { roundingMode })
  }

  /** `this` to the power of `exponent`. */
  pow(exponent: Operand): Tensor {
    return typeof exponent === 'number'
      ? this.record(pow, [], { exponent })
      : this.record(pow, [exponent], {})
  }

  /** `-this`. */
  neg(): Tensor {
    return this.#unary(neg)
  }

  /** Square root. */
  sqrt(): Tensor {
    return this.#unary(sqrt)
  }

  /** `1 / sqrt(this)`. */
  rsqrt(): Tensor {
    return this.#unary(rsqrt)
  }

  /** `1 / this`. */
  reciprocal(): Tensor {
    return this.#unary(reciprocal)
  }

  /** e to the power of `this`. */
  exp(): Tensor {
    return this.#unary(exp)
  }

  /** Natural logarithm. */
  log(): Tensor {
    return this.#unary(log)
  }

  /** Sine of radians. */
  sin(): Tensor {
    return this.#unary(sin)
  }

  /** Cosine of radians. */
  cos(): Tensor {
    return this.#unary(cos)
  }

  /** Error function. */
  erf(): Tensor {
    return this.#unary(erf)
  }

  /** Absolute value. */
  abs(): Tensor {
    return this.#unary(abs)
  }

  /** -1, 0 or 1. */
  sign(): Tensor {
    return this.#unary(sign)
  }

  /** Rounded down. */
  floor(): Tensor {
    return this.#unary(floor)
  }

  /** Rounded up. */
  ceil(): Tensor {
    return this.#unary(ceil)
  }

  /** Rounded to the nearest integer, halves to the even one. */
  round(): Tensor {
    return this.#unary(round)
  }

  /** Limited to [min, max]; a limit of null, the default, is none. */
  clamp({ min = null, max = null }: { readonly min?: number | null; readonly max?: number | null }): Tensor {
    return this.record(clamp, [], { min, max })
  }

  /** The smaller one of each pair. */
  minimum(other: Operand): Tensor {
    return typeof other === 'number' ? this.clamp({ max: other }) : this.record(minimum, [other], {})
  }

  /** The larger one of each pair. */
  maximum(other: Operand): Tensor {
    return typeof other === 'number' ? this.clamp({ min: other }) : this.record(maximum, [other], {})
  }

  /** Whether `this == other`, as bools. */
  eq(other: Operand): Tensor {
    return this.#binary(eq, other, {})
  }

  /** Whether `this != other`, as bools. */
  ne(other: Operand): Tensor {
    return this.#binary(ne, other, {})
  }

  /** Whether `this < other`, as bools. */
  lt(other: Operand): Tensor {
    return this.#binary(lt, other, {})
  }

  /** Whether `this <= other`, as bools. */
  le(other: Operand): Tensor {
    return this.#binary(le, other, {})
  }

  /** Whether `this > other`, as bools. */
  gt(other: Operand): Tensor {
    return this.#binary(gt, other, {})
  }

  /** Whether `this >= other`, as bools. */
  ge(other: Operand): Tensor {
    return this.#binary(ge, other, {})
  }

  /** Whether both are true, as bools. */
  logicalAnd(other: Tensor): Tensor {
    return this.record(logicalAnd, [other], {})
  }

  /** Whether one is true, or both, as bools. */
  logicalOr(other: Tensor): Tensor {
    return this.record(logicalOr, [other], {})
  }

  /** Whether it is false, as bools. */
  logicalNot(): Tensor {
    return this.#unary(logicalNot)
  }

  #unary(op: Operation<NoAttributes>): Tensor {
    return this.record(op, [], {})
  }

  /** A number is an attribute `other`, a tensor an input. */
  #binary<A extends ScalarOperand>(op: Operation<A>, other: Operand, attrs: A): Tensor {
    return typeof other === 'number'
      ? this.record(op, [], { ...attrs, other })
      : this.record(op, [other], attrs)
  }

  #binaryInPlace<A extends ScalarOperand>(op: Operation<A>, other: Operand, attrs: A): Tensor {
    return typeof other === 'number'
      ? this.recordInPlace(op, [], { ...attrs, other })
      : this.recordInPlace(op, [other], attrs)
  }
}
