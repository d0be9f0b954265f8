import type { FullSpec, QuantizationTarget } from 'lowbit'
import type { JsonObject } from '../case.ts'

/** Texts of lowbit's warnings, and the kinds under which the recordings count them. */
const WARNINGS: readonly (readonly [text: string, kind: string])[] = [
  ['switches itself off', 'block_mismatch'],
  ['is made per tensor', 'forced_per_tensor'],
  ['is not preserved', 'missing_attribute'],
  ['is not quantized: expected a floating dtype', 'not_quantizable'],
  ['is not quantized: expected floats', 'not_quantizable'],
  ['has several entries', 'multiple_keys'],
]

/** Fields of a recorded spec that say something of their own. */
export function recordedSpec({
  averaging_constant: _,
  compute_dtype: __,
  resolved_axis: ___,
  ...spec
}: JsonObject): JsonObject {
  return spec
}

/** The fields of a spec as recordings have them. */
export function specFields(spec: FullSpec, target: QuantizationTarget): JsonObject {
  const byDefault = target === 'weight' ? 'static' : 'moving_average'
  return {
    target,
    dtype: spec.dtype,
    target_dtype: spec.targetDtype,
    n_bits: spec.nBits,
    qscheme: spec.qscheme,
    qformulation: spec.qformulation,
    granularity: spec.granularity.toDict(),
    quant_min: spec.quantMin,
    quant_max: spec.quantMax,
    qparam_calculator: spec.qparamCalculator === 'default' ? byDefault : spec.qparamCalculator,
    range_calculator: spec.rangeCalculator,
    float_range: [...spec.floatRange],
    scale_dtype: spec.scaleDtype,
  }
}

/** How many warnings there were of each kind that recordings count. */
export function countWarnings(warnings: readonly string[]): JsonObject {
  const counts: Record<string, number> = {}
  for (const warning of warnings) {
    const [, kind = 'others'] = WARNINGS.find(([text]) => warning.includes(text)) ?? []
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
