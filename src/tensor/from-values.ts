import { type DType, dtypeInfo, isFloating } from './dtype.ts'
import { encodeFloats, isCodedFloat } from './float-codes.ts'
import { fromTypedArray } from './from-typed-array.ts'
import type { HostArray } from './host-array.ts'
import type { Shape } from './shape.ts'
import { type TypedArray, typedArrayClass } from './typed-array.ts'

/**
 * Makes an array of a dtype out of numbers, in row-major order. Floats are rounded to float32 and from there to the dtype, as
 * `encodeFloats` does; for bool every number but 0 is true.
 *
 * @throws RangeError when the number of values is not that of `shape`, or when an integer dtype cannot hold a value
 * @example
 * fromValues('int4', [3], [1, -8, 7]).bytes // => Uint8Array.of(0x81, 0x07)
 */
export function fromValues(dtype: DType, shape: Shape, values: Iterable<number | bigint>): HostArray {
  return fromTypedArray(elementsOf(dtype, values), shape, dtype)
}

function elementsOf(dtype: DType, values: Iterable<number | bigint>): TypedArray {
  if (isFloating(dtype)) {
    const floats = Float32Array.from(values, Number)
    return isCodedFloat(dtype) ? encodeFloats(floats, dtype) : floats
  }
  if (dtype === 'bool') return Uint8Array.from(values, (value) => (Number(value) === 0 ? 0 : 1))
  if (dtype === 'int64') return BigInt64Array.from(Array.from(values, checkedInt64))
  const { bits, kind } = dtypeInfo(dtype)
  const low = kind === 'int' ? -(2 ** (bits - 1)) : 0
  const high = low + 2 ** bits - 1
  const integers = Array.from(values, (value, index) => checkedInteger(value, index, { dtype, low, high }))
  return new (typedArrayClass(dtype))(integers)
}

interface IntegerRange {
  readonly dtype: DType
  readonly low: number
  readonly high: number
}

function checkedInteger(value: number | bigint, index: number, { dtype, low, high }: IntegerRange): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= low && number <= high) return number
  throw new RangeError(
    `Cannot make a "${dtype}" array: expected integers from ${low} to ${high}, got ${value} (element ${index})`,
  )
}

function checkedInt64(value: number | bigint, index: number): bigint {
  if (typeof value === 'bigint' || Number.isInteger(value)) {
    const integer = BigInt(value)
    if (BigInt.asIntN(64, integer) === integer) return integer
  }
  throw new RangeError(
    `Cannot make a "int64" array: expected integers from -2^63 to 2^63 - 1, got ${value} (element ${index})`,
  )
}
