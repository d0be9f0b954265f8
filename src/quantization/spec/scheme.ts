import { oneOf } from '../schema/scalars.ts'
import type { Schema } from '../schema/schema.ts'

/**
 * How a float range [min, max] is laid over the quantized one, [quantMin, quantMax]. Symmetric: around zero,
 * scale = max(-min, max) / ((quantMax - quantMin) / 2). Asymmetric: from the smallest to the largest value, scale = (max - min) / (quantMax - quantMin),
 * zeroPoint = quantMin - round(min / scale). Symmetric with clipping: around zero without the lowest value of a signed integer, so that int8 divides by 127
 * and not by 127.5. Ranges are extended to contain 0 first; no scale is below 2^-23.
 *
 * Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018; Nagel et al., A White Paper on
 * Neural Network Quantization, 2021, section 2.
 */
export const QuantizationScheme = {
  SYMMETRIC: 'symmetric',
  ASYMMETRIC: 'asymmetric',
  SYMMETRIC_WITH_CLIPPING: 'symmetric_with_clipping',
} as const
/** One of `QuantizationScheme`. */
export type QuantizationScheme = (typeof QuantizationScheme)[keyof typeof QuantizationScheme]

/**
 * How quantized values stand for floats: `(q - zeroPoint) * scale`, or `(q - quantMin) * scale + minval`, where minval is the smallest value (with the symmetric
 * schemes, minus the largest magnitude) and need not be a multiple of the scale. Floats know the first form only, without zero point.
 */
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
