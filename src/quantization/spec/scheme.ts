import { oneOf } from '../schema/scalars.ts'
import type { Schema } from '../schema/schema.ts'

/**
 * How the float range is laid over the quantized one: around zero; from the smallest to the largest value; or around zero without
 * the lowest signed value.
 */
export const QuantizationScheme = {
  SYMMETRIC: 'symmetric',
  ASYMMETRIC: 'asymmetric',
  SYMMETRIC_WITH_CLIPPING: 'symmetric_with_clipping',
} as const
/** One of `QuantizationScheme`. */
export type QuantizationScheme = (typeof QuantizationScheme)[keyof typeof QuantizationScheme]

/** How quantized values stand for floats: `(q - zeroPoint) * scale`, or `(q - quantMin) * scale + minval`. */
export const QuantizationFormulation = { ZP: 'zp', MINVAL: 'minval' } as const
/** One of `QuantizationFormulation`. */
export type QuantizationFormulation = (typeof QuantizationFormulation)[keyof typeof QuantizationFormulation]

/** What a spec is applied to: it decides defaults and how blocks extend over the other dimensions. */
export type QuantizationTarget = 'weight' | 'activation' | 'lut'

/** A scheme by its name. */
export const quantizationScheme: Schema<QuantizationScheme> = oneOf(Object.values(QuantizationScheme))

/** A formulation by its name. */
export const quantizationFormulation: Schema<QuantizationFormulation> = oneOf(
  Object.values(QuantizationFormulation),
)
