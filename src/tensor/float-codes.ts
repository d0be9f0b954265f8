import type { DType } from './dtype.ts'
import { e8m0Values, encodeE8M0 } from './float8-e8m0fnu.ts'
import { encodeMinifloats, type Minifloat, minifloatValues } from './minifloat.ts'

/** Floating-point dtypes whose elements are codes of at most 16 bits. */
export type CodedFloat =
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'float8_e8m0fnu'
  | 'float4_e2m1fn_x2'

/** Codes of a `CodedFloat`, one to an element: 16-bit dtypes as Uint16Array, all others as Uint8Array (fp4 is not packed here). */
export type FloatCodes = Uint8Array | Uint16Array

// Overflow and NaN are those of PyTorch's casts; PyTorch has none to fp4, which has room for neither and saturates here.
const FORMATS: Record<Exclude<CodedFloat, 'float8_e8m0fnu'>, Minifloat> = {
  float16: { bits: 16, mantissaBits: 10, bias: 15, maxCode: 0x7bff, overflowCode: 0x7c00, nanCode: 0x7e00 },
  bfloat16: { bits: 16, mantissaBits: 7, bias: 127, maxCode: 0x7f7f, overflowCode: 0x7f80, nanCode: 0x7fc0 },
  float8_e4m3fn: { bits: 8, mantissaBits: 3, bias: 7, maxCode: 0x7e, overflowCode: 0x7e, nanCode: 0x7f },
  float8_e5m2: { bits: 8, mantissaBits: 2, bias: 15, maxCode: 0x7b, overflowCode: 0x7c, nanCode: 0x7f },
  float4_e2m1fn_x2: { bits: 4, mantissaBits: 1, bias: 1, maxCode: 7, overflowCode: 7, nanCode: 7 },
}

const tables = new Map<CodedFloat, Float32Array>()

/** Whether elements of the dtype are codes of at most 16 bits, that is whether it is a float but not `float32`. */
export function isCodedFloat(dtype: DType): dtype is CodedFloat {
  return dtype === 'float8_e8m0fnu' || dtype in FORMATS
}

/**
 * Casts float32 values to a narrower float: nearest value, ties to the even code, subnormals kept, as PyTorch does.
 * Too large a value becomes infinity in float16, bfloat16 and float8_e5m2, the largest value (with its sign) in float8_e4m3fn and
 * float4_e2m1fn_x2, NaN in float8_e8m0fnu. NaN stays NaN but in float4_e2m1fn_x2, which has none: 6 with NaN's sign.
 *
 * @example
 * encodeFloats(Float32Array.of(1, -448), 'float8_e4m3fn') // => Uint8Array.of(0x38, 0xfe)
 */
export function encodeFloats(values: Float32Array, dtype: CodedFloat): FloatCodes {
  if (dtype === 'float8_e8m0fnu') return encodeE8M0(values)
  const format = FORMATS[dtype]
  const codes = format.bits === 16 ? new Uint16Array(values.length) : new Uint8Array(values.length)
  encodeMinifloats(values, format, codes)
  return codes
}

/** The float32 values of codes; exact. Bits above the dtype's are ignored. */
export function decodeFloats(codes: FloatCodes, dtype: CodedFloat): Float32Array {
  if (dtype === 'bfloat16') return decodeBfloat16(codes)
  const table = tableOf(dtype)
  const mask = table.length - 1
  const values = new Float32Array(codes.length)
  for (let i = 0; i < codes.length; i++) values[i] = table[(codes[i] ?? 0) & mask] ?? 0
  return values
}

/**
 * Rounds float32 values to those that a narrower float can hold, and keeps NaN also where the dtype has none (float4_e2m1fn_x2):
 * the cast of a fake quantizer.
 */
export function roundFloats(values: Float32Array, dtype: CodedFloat): Float32Array {
  const rounded = decodeFloats(encodeFloats(values, dtype), dtype)
  if (dtype !== 'float4_e2m1fn_x2') return rounded
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) rounded[i] = Number.NaN
  return rounded
}

function decodeBfloat16(codes: FloatCodes): Float32Array {
  const words = new Uint32Array(codes.length)
  for (let i = 0; i < codes.length; i++) words[i] = (codes[i] ?? 0) << 16
  return new Float32Array(words.buffer)
}

function tableOf(dtype: Exclude<CodedFloat, 'bfloat16'>): Float32Array {
  const known = tables.get(dtype)
  if (known !== undefined) return known
  const table = dtype === 'float8_e8m0fnu' ? e8m0Values() : minifloatValues(FORMATS[dtype])
  tables.set(dtype, table)
  return table
}
