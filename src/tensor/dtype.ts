/**
 * Element types of tensors, under PyTorch's names. Types below eight bits are stored packed, low bits first; `float4_e2m1fn_x2`
 * counts single values here, two to a byte.
 */
export type DType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'float8_e8m0fnu'
  | 'float4_e2m1fn_x2'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'int4'
  | 'uint4'
  | 'int2'
  | 'uint2'
  | 'bool'

/** What is known of a dtype without looking at data. */
export interface DTypeInfo {
  /** Bits per element in storage. */
  readonly bits: number
  readonly kind: 'float' | 'int' | 'uint' | 'bool'
}

const DTYPES: Record<DType, DTypeInfo> = {
  float32: { bits: 32, kind: 'float' },
  float16: { bits: 16, kind: 'float' },
  bfloat16: { bits: 16, kind: 'float' },
  float8_e4m3fn: { bits: 8, kind: 'float' },
  float8_e5m2: { bits: 8, kind: 'float' },
  float8_e8m0fnu: { bits: 8, kind: 'float' },
  float4_e2m1fn_x2: { bits: 4, kind: 'float' },
  int64: { bits: 64, kind: 'int' },
  int32: { bits: 32, kind: 'int' },
  int16: { bits: 16, kind: 'int' },
  int8: { bits: 8, kind: 'int' },
  uint8: { bits: 8, kind: 'uint' },
  int4: { bits: 4, kind: 'int' },
  uint4: { bits: 4, kind: 'uint' },
  int2: { bits: 2, kind: 'int' },
  uint2: { bits: 2, kind: 'uint' },
  bool: { bits: 8, kind: 'bool' },
}

/** Every dtype, widest floats first. */
export const dtypes: readonly DType[] = Object.keys(DTYPES) as DType[]

/** Bits and kind of a dtype. */
export function dtypeInfo(dtype: DType): DTypeInfo {
  return DTYPES[dtype]
}

/** Whether values of the dtype are floating point. */
export function isFloating(dtype: DType): boolean {
  return DTYPES[dtype].kind === 'float'
}
