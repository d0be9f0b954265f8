import type { DType } from './dtype.ts'

/** The typed arrays that elements of tensors are read from and written to. */
export type TypedArray =
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint16Array
  | Uint8Array

/** Which class of typed array holds the elements of each dtype, one to a place. */
export interface TypedArrayClasses {
  readonly float32: Float32ArrayConstructor
  readonly float16: Uint16ArrayConstructor
  readonly bfloat16: Uint16ArrayConstructor
  readonly float8_e4m3fn: Uint8ArrayConstructor
  readonly float8_e5m2: Uint8ArrayConstructor
  readonly float8_e8m0fnu: Uint8ArrayConstructor
  readonly float4_e2m1fn_x2: Uint8ArrayConstructor
  readonly int64: BigInt64ArrayConstructor
  readonly int32: Int32ArrayConstructor
  readonly int16: Int16ArrayConstructor
  readonly int8: Int8ArrayConstructor
  readonly uint8: Uint8ArrayConstructor
  readonly int4: Int8ArrayConstructor
  readonly uint4: Uint8ArrayConstructor
  readonly int2: Int8ArrayConstructor
  readonly uint2: Uint8ArrayConstructor
  readonly bool: Uint8ArrayConstructor
}

const CLASSES: TypedArrayClasses = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float8_e4m3fn: Uint8Array,
  float8_e5m2: Uint8Array,
  float8_e8m0fnu: Uint8Array,
  float4_e2m1fn_x2: Uint8Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
  int2: Int8Array,
  uint2: Uint8Array,
  bool: Uint8Array,
}

/** The class of typed array that holds one element of the dtype in each place. */
export function typedArrayClass<D extends DType>(dtype: D): TypedArrayClasses[D] {
  return CLASSES[dtype]
}
