import { type DType, dtypeInfo } from './dtype.ts'
import { HostArray } from './host-array.ts'
import { type Shape, sizeOf } from './shape.ts'
import { packSubByte } from './sub-byte.ts'
import { type TypedArray, typedArrayClass } from './typed-array.ts'

/**
 * Makes an array of the elements of a typed array; the inverse of `toTypedArray`. It shares the typed array's memory, except for
 * dtypes below eight bits, which it packs. Without `dtype` it is the typed array's own: float32, int64, int32, int16, int8 or
 * uint8; raw bits in a Uint16Array need one.
 *
 * @throws TypeError when elements of `dtype` are not kept in this class of typed array
 * @throws RangeError when the number of elements is not that of `shape`
 * @example
 * fromTypedArray(Float32Array.of(1, 2), [2]).dtype // => 'float32'
 */
export function fromTypedArray(values: TypedArray, shape: Shape, dtype: DType = dtypeOf(values)): HostArray {
  const Class = typedArrayClass(dtype)
  if (!(values instanceof Class)) {
    throw new TypeError(
      `Cannot make a "${dtype}" array: expected a ${Class.name} of elements, got a ${values.constructor.name}`,
    )
  }
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot make a "${dtype}" array of shape [${shape.join(', ')}]: ` +
        `expected ${sizeOf(shape)} elements, got ${values.length}`,
    )
  }
  return new HostArray(dtype, shape, bytesOf(values, dtype))
}

function bytesOf(values: TypedArray, dtype: DType): Uint8Array {
  const { bits } = dtypeInfo(dtype)
  if ((bits === 2 || bits === 4) && (values instanceof Int8Array || values instanceof Uint8Array)) {
    return packSubByte(values, bits)
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function dtypeOf(values: TypedArray): DType {
  if (values instanceof Float32Array) return 'float32'
  if (values instanceof BigInt64Array) return 'int64'
  if (values instanceof Int32Array) return 'int32'
  if (values instanceof Int16Array) return 'int16'
  if (values instanceof Int8Array) return 'int8'
  if (values instanceof Uint8Array) return 'uint8'
  throw new TypeError(
    'Cannot make an array "without a dtype": expected a Float32Array, BigInt64Array, Int32Array, Int16Array, Int8Array or ' +
      `Uint8Array, got a ${values.constructor.name}\nHint: name the dtype that the raw bits are of, such as 'float16'`,
  )
}
