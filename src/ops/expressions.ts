// Values made of values and numbers, for operations that are composed of others.
import type { Dims } from '../ir/dim.ts'
import { emit, type Value } from '../ir/node.ts'
import type { Operation } from '../ir/operation.ts'
import type { DType } from '../tensor/dtype.ts'
import { arange } from './creation/arange.ts'
import { add, sub } from './elementwise/add.ts'
import type { ScalarOperand } from './elementwise/binary.ts'
import { div } from './elementwise/div.ts'
import { mul } from './elementwise/mul.ts'
import { to } from './elementwise/to.ts'
import { where } from './elementwise/where.ts'
import { expand, sum } from './reduction/sum.ts'
import { reshaped } from './shape/reshape.ts'

type Operand = Value | number

/** `a + b`. */
export function plus(a: Value, b: Operand): Value {
  return typeof b === 'number' ? emit(add, [a], { other: b, alpha: 1 }) : emit(add, [a, b], { alpha: 1 })
}

/** `a - b`. */
export function minus(a: Value, b: Operand): Value {
  return typeof b === 'number' ? emit(sub, [a], { other: b, alpha: 1 }) : emit(sub, [a, b], { alpha: 1 })
}

/** `a * b`. */
export function multiplied(a: Value, b: Operand): Value {
  return typeof b === 'number' ? emit(mul, [a], { other: b }) : emit(mul, [a, b], {})
}

/** `a / b`; with a rounding mode, the quotient's whole part by it. */
export function divided(a: Value, b: Operand, roundingMode: 'floor' | null = null): Value {
  return typeof b === 'number'
    ? emit(div, [a], { other: b, roundingMode })
    : emit(div, [a, b], { roundingMode })
}

/** What a comparison says of a value and another one, or a number. */
export function compared(comparison: Operation<ScalarOperand>, a: Value, b: Operand): Value {
  return typeof b === 'number' ? emit(comparison, [a], { other: b }) : emit(comparison, [a, b], {})
}

/** `a` where the condition is true, else `b`. */
export function chosen(condition: Value, a: Value, b: Operand): Value {
  return typeof b === 'number'
    ? emit(where, [condition, a], { other: b })
    : emit(where, [condition, a, b], {})
}

/** The value in another dtype, or itself. */
export function castTo(value: Value, dtype: DType): Value {
  return value.dtype === dtype ? value : emit(to, [value], { dtype })
}

/** Sum over dimensions, all of them for null. */
export function summed(value: Value, dim: readonly number[] | null, keepdim = false): Value {
  return emit(sum, [value], { dim, keepdim })
}

/** The value repeated along dimensions of size 1, and over new ones in front. */
export function expanded(value: Value, size: Dims): Value {
  return emit(expand, [value], { size })
}

/** 0, 1, ... below `count`, along one dimension of `rank`. */
export function countedAlong(axis: number, count: Dims[number], rank: number, dtype: DType = 'int64'): Value {
  const counted = emit(arange, [], { start: 0, end: count, step: 1, dtype })
  return reshaped(
    counted,
    Array.from({ length: rank }, (_, i) => (i === axis ? count : 1)),
  )
}
