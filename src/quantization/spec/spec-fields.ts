import type { DType } from '../../tensor/dtype.ts'
import type { QuantizedDType, ScaleDType } from './dtypes.ts'
import type { Granularity } from './granularity.ts'
import type { QuantizationFormulation, QuantizationScheme } from './scheme.ts'

/** Bounds of the float range, each null where it is observed. */
export type FloatRange = readonly [min: number | null, max: number | null]

/** Everything that a quantization spec says. The formulas stand at `QuantizationScheme` and `QuantizationFormulation`. */
export interface SpecFields {
  /** Element type of the quantized values. Default: int8. */
  readonly dtype: QuantizedDType
  /** How the float range is laid over the quantized one. Default: symmetric. */
  readonly qscheme: QuantizationScheme
  /** How quantized values stand for floats. Default: zp. */
  readonly qformulation: QuantizationFormulation
  /** Which elements share a scale. Default: per tensor. */
  readonly granularity: Granularity
  /** Key of the fake quantizer. Default: 'default'. */
  readonly fakeQuantize: string
  /** Key of the calculator that turns ranges into scales. Default: 'default', static for weights and moving_average for activations. */
  readonly qparamCalculator: string
  /** Key of the calculator that finds the range of one tensor. Default: 'minmax'. */
  readonly rangeCalculator: string
  /** Range that is known beforehand; a null bound is observed. Default: [null, null]. */
  readonly floatRange: FloatRange
  /** Element type of the scales; null is float32. Default: null, for fp4 float8_e8m0fnu. */
  readonly scaleDtype: ScaleDType | null
  /** Weight of the newest range in a moving average, from 0 to 1. Default: 0.01. */
  readonly averagingConstant: number
  /** Percentage of the values that a percentile range keeps, above 0 and up to 100. Default: 99.99. */
  readonly percentile: number
  /**
   * Whether integers of 8 bits use half of what they hold, [-64, 63] or [0, 127]: sums of two products with an unsigned byte then fit the 16 bits that processors without
   * VNNI add them up in. Default: false.
   */
  readonly reduceRange: boolean
}

/** What follows from the fields of a spec. */
export interface DerivedSpecFields {
  /** Smallest quantized value. */
  readonly quantMin: number
  /** Largest quantized value. */
  readonly quantMax: number
  /** Bits of one quantized value. */
  readonly nBits: number
  /** Dtype in which single quantized values are stored. */
  readonly targetDtype: DType
}

/** A spec with what follows from its fields. */
export type FullSpec = SpecFields & DerivedSpecFields
