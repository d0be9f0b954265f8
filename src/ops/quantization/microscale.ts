import type { Emitter } from '../../ir/emitter.ts'

/** Exponents of float32's normal numbers, and 128 for what is not finite. */
const MIN_EXPONENT = -126
const MAX_EXPONENT = 128

/**
 * The power of two that brings a block's largest magnitude into the highest binade of an element dtype, rounded down, at least 2^-126:
 * the scale of microscaling formats (OCP Microscaling Formats specification, 6.3).
 * @param targetExponent exponent of the largest power of two that the element dtype holds
 */
export function microscale(e: Emitter, magnitude: string, targetExponent: number): string {
  const scales = range(MIN_EXPONENT, MAX_EXPONENT).map(
    (exponent) => 2 ** Math.max(exponent - targetExponent, MIN_EXPONENT),
  )
  return e.op('Gather', [e.floats(scales), exponentIndex(e, magnitude)])
}

/**
 * Index of a magnitude's exponent, rounded down, counted from 2^-126 on: 0 for what is smaller, 254 for infinity and NaN. A logarithm finds
 * it but for one; comparisons with the powers of two settle it.
 */
export function exponentIndex(e: Emitter, magnitude: string): string {
  const powers = e.floats(
    range(MIN_EXPONENT, MAX_EXPONENT + 1).map((exponent) =>
      exponent > 127 ? Number.POSITIVE_INFINITY : 2 ** exponent,
    ),
  )
  const isNan = e.op('IsNaN', [magnitude])
  const finite = e.op('Where', [isNan, e.scalar(0), magnitude])
  const bounded = e.op('Clip', [finite, e.scalar(2 ** MIN_EXPONENT), e.scalar(3.4028234663852886e38)])
  const logarithm = e.op('Mul', [e.op('Log', [bounded]), e.scalar(Math.LOG2E)])
  const guess = e.op('Clip', [
    e.op('Sub', [e.op('Floor', [logarithm]), e.scalar(MIN_EXPONENT)]),
    e.scalar(0),
    e.scalar(127 - MIN_EXPONENT),
  ])
  const index = e.cast(guess, 'int64')
  const isBelow = e.cast(e.op('Less', [bounded, e.op('Gather', [powers, index])]), 'int64')
  const next = e.op('Add', [index, e.scalar(1, 'int64')])
  const isAbove = e.cast(e.op('GreaterOrEqual', [bounded, e.op('Gather', [powers, next])]), 'int64')
  const settled = e.op('Sub', [e.op('Add', [index, isAbove]), isBelow])
  const isHuge = e.op('Or', [isNan, e.op('IsInf', [magnitude])])
  return e.op('Where', [isHuge, e.scalar(MAX_EXPONENT - MIN_EXPONENT, 'int64'), settled])
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
