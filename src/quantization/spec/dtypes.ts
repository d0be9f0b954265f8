import type { DType } from '../../tensor/dtype.ts'
import { notAmong, unexpected } from '../config-error.ts'
import type { Schema } from '../schema/schema.ts'
import type { QuantizationScheme } from './scheme.ts'

/** What is known of an element type of quantized values. */
interface QuantizedDTypeInfo {
  readonly bits: number
  /** Dtype in which single quantized values are stored. */
  readonly storage: DType
  /** Smallest and largest value that the dtype holds. */
  readonly range: readonly [min: number, max: number]
}

const INFO: Readonly<Record<QuantizedDType, QuantizedDTypeInfo>> = {
  int2: { bits: 2, storage: 'int8', range: [-2, 1] },
  uint2: { bits: 2, storage: 'uint8', range: [0, 3] },
  int4: { bits: 4, storage: 'int8', range: [-8, 7] },
  uint4: { bits: 4, storage: 'uint8', range: [0, 15] },
  int8: { bits: 8, storage: 'int8', range: [-128, 127] },
  uint8: { bits: 8, storage: 'uint8', range: [0, 255] },
  float8_e4m3fn: { bits: 8, storage: 'float8_e4m3fn', range: [-448, 448] },
  float8_e5m2: { bits: 8, storage: 'float8_e5m2', range: [-57344, 57344] },
  float4_e2m1fn_x2: { bits: 4, storage: 'float8_e4m3fn', range: [-6, 6] },
}

/**
 * Element types of quantized values. Signed integers of n bits hold [-2^(n-1), 2^(n-1) - 1], unsigned ones [0, 2^n - 1]; e4m3fn holds +-448, e5m2
 * +-57344 (Micikevicius et al., FP8 Formats for Deep Learning, 2022), fp4 0, 0.5, 1, 1.5, 2, 3, 4, 6 with a sign (OCP Microscaling Formats, 5.3.3).
 */
export type QuantizedDType = 'int2' | 'uint2' | 'int4' | 'uint4' | 'int8' | 'uint8' | QuantizedFloat

/** Quantized element types that are floating point. */
export type QuantizedFloat = 'float8_e4m3fn' | 'float8_e5m2' | 'float4_e2m1fn_x2'

/** Element types of scales that are not float32: e8m0, powers of two from 2^-127 to 2^127 (OCP Microscaling Formats, 5.4.1). */
export type ScaleDType = 'float8_e8m0fnu'

/** Every element type of quantized values. */
export const quantizedDTypes: readonly QuantizedDType[] = Object.keys(INFO) as QuantizedDType[]

const ALIASES: ReadonlyMap<unknown, QuantizedDType> = new Map<unknown, QuantizedDType>([
  ...quantizedDTypes.map((dtype) => [dtype, dtype] as const),
  ['float4_e2m1fn', 'float4_e2m1fn_x2'],
  ['float8_e4m3', 'float8_e4m3fn'],
])

/** Names under which a spec may ask for a dtype: its own, or PyTorch's older one. */
export type QuantizedDTypeName = QuantizedDType | 'float4_e2m1fn' | 'float8_e4m3'

/** The dtype of quantized values under its name or an alias. */
export const quantizedDType: Schema<QuantizedDType> = {
  json: { enum: [...ALIASES.keys()], default: 'int8', description: 'Element type of the quantized values' },
  read(value, path) {
    const dtype = ALIASES.get(value)
    if (dtype !== undefined) return dtype
    throw notAmong(path, quantizedDTypes, value)
  },
}

/** The dtype of scales: null is float32. */
export const scaleDType: Schema<ScaleDType | null> = {
  json: {
    enum: [null, 'float8_e8m0fnu', 'float8_e8m0'],
    default: null,
    description: 'Element type of the scales: null is float32; powers of two (e8m0) for float dtypes only',
  },
  read(value, path) {
    if (value === null) return null
    if (value === 'float8_e8m0fnu' || value === 'float8_e8m0') return 'float8_e8m0fnu'
    throw unexpected(path, 'null or "float8_e8m0fnu"', value)
  },
}

/** Bits of one quantized value. */
export function bitsOf(dtype: QuantizedDType): number {
  return INFO[dtype].bits
}

/** Dtype in which single quantized values are stored: int8 or uint8 for integers, fp8 for floats. */
export function storageDTypeOf(dtype: QuantizedDType): DType {
  return INFO[dtype].storage
}

/** Whether quantized values of the dtype are floating point. */
export function isQuantizedFloat(dtype: QuantizedDType): dtype is QuantizedFloat {
  return dtype.startsWith('float')
}

/**
 * Smallest and largest quantized value. Symmetric with clipping gives up the lowest value of a signed integer, so that the range is
 * symmetric: [-127, 127] for int8.
 * @param reduced whether half of the range is used: [-64, 63] for int8
 */
export function quantRangeOf(
  dtype: QuantizedDType,
  scheme: QuantizationScheme,
  reduced: boolean = false,
): readonly [min: number, max: number] {
  const [lowest, highest] = INFO[dtype].range
  const [min, max] = reduced ? [lowest / 2, Math.floor(highest / 2)] : [lowest, highest]
  const clips = scheme === 'symmetric_with_clipping' && min < 0 && !isQuantizedFloat(dtype)
  return [clips ? min + 1 : min, max]
}
