import { dtypeInfo } from './dtype.ts'
import type { HostArray } from './host-array.ts'
import { sizeOf } from './shape.ts'
import { unpackSigned, unpackUnsigned } from './sub-byte.ts'
import { type TypedArray, typedArrayClass } from './typed-array.ts'

/**
 * Elements of an array, one to a place: Float32Array for float32, BigInt64Array for int64, Int32Array, Int16Array, Int8Array or
 * Uint8Array for the other integers, 0 and 1 as Uint8Array for bool, and the raw bits of all other floats: Uint16Array for 16-bit
 * ones, Uint8Array for narrower ones. Elements below eight bits are unpacked. The result is a view of the array's memory where
 * the dtype and its alignment allow it, else a copy.
 */
export function toTypedArray(array: HostArray): TypedArray {
  const { dtype, bytes } = array
  const { bits, kind } = dtypeInfo(dtype)
  const count = sizeOf(array.shape)
  if (bits === 2 || bits === 4) {
    return kind === 'int' ? unpackSigned(bytes, count, bits) : unpackUnsigned(bytes, count, bits)
  }
  const Class: ViewClass = typedArrayClass(dtype)
  const source = bytes.byteOffset % Class.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new Class(source.buffer, source.byteOffset, count)
}

/** What the classes of typed arrays have in common here; their own signatures do not unite. */
interface ViewClass {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray
}
