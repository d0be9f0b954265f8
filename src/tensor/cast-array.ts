import { type DType, isFloating } from './dtype.ts'
import { encodeFloats, isCodedFloat } from './float-codes.ts'
import { fromTypedArray } from './from-typed-array.ts'
import type { HostArray } from './host-array.ts'
import { toFloat32 } from './to-float32.ts'
import { toTypedArray } from './to-typed-array.ts'
import { type TypedArray, typedArrayClass } from './typed-array.ts'

const INT32_MIN = -(2 ** 31)
const INT64_MIN = -(2n ** 63n)

/**
 * Converts an array to another dtype with the results of PyTorch's `Tensor.to` on a CPU; the array itself when it has the dtype.
 * To floats: nearest value as `encodeFloats` does. From floats to integers: toward zero; what int32 (or int64, when that is the
 * target) cannot hold, NaN included, becomes its smallest value. Between integers, and from int32 on to narrower integers: the
 * low bits. To bool: whether it is not 0.
 */
export function castArray(array: HostArray, dtype: DType): HostArray {
  return array.dtype === dtype ? array : fromTypedArray(elementsAs(array, dtype), array.shape, dtype)
}

function elementsAs(array: HostArray, dtype: DType): TypedArray {
  if (isFloating(dtype)) {
    const values = toFloat32(array)
    return isCodedFloat(dtype) ? encodeFloats(values, dtype) : values.slice()
  }
  const source = isFloating(array.dtype) ? toFloat32(array) : toTypedArray(array)
  if (dtype === 'bool') return toBool(source)
  if (dtype === 'int64') return toInt64(source)
  const integers = new (typedArrayClass(dtype))(source.length)
  for (let i = 0; i < integers.length; i++) integers[i] = int32Of(source[i] ?? 0)
  return integers
}

function toBool(source: TypedArray): Uint8Array {
  const bools = new Uint8Array(source.length)
  for (let i = 0; i < bools.length; i++) bools[i] = source[i] === 0 || source[i] === 0n ? 0 : 1
  return bools
}

function toInt64(source: TypedArray): BigInt64Array {
  const integers = new BigInt64Array(source.length)
  for (let i = 0; i < integers.length; i++) integers[i] = int64Of(Number(source[i]))
  return integers
}

function int64Of(value: number): bigint {
  return value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : INT64_MIN
}

function int32Of(value: number | bigint): number {
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value))
  return value >= INT32_MIN && value < -INT32_MIN ? Math.trunc(value) : INT32_MIN
}
