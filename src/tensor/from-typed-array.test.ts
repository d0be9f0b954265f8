import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dtypeInfo, dtypes } from './dtype.ts'
import { fromTypedArray } from './from-typed-array.ts'
import { byteLength, HostArray } from './host-array.ts'
import { toTypedArray } from './to-typed-array.ts'

describe('fromTypedArray()', () => {
  it('fromTypedArray() shares the memory of the typed array', () => {
    const values = new Float32Array([0, 1, 2, 3]).subarray(1)
    const array = fromTypedArray(values, [3])
    expect(array.dtype).toBe('float32')
    expect([array.bytes.buffer, array.bytes.byteOffset]).toEqual([values.buffer, 4])
  })

  it.each([
    [new BigInt64Array(1), 'int64'],
    [new Int32Array(1), 'int32'],
    [new Int16Array(1), 'int16'],
    [new Int8Array(1), 'int8'],
    [new Uint8Array(1), 'uint8'],
  ])('fromTypedArray() takes the dtype of the typed array: %s', (values, dtype) => {
    expect(fromTypedArray(values, [1]).dtype).toBe(dtype)
  })

  it('fromTypedArray() undoes toTypedArray() for every dtype', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (dtype, bytes) => {
          const shape = [256 / dtypeInfo(dtype).bits]
          const array = new HostArray(dtype, shape, bytes)
          expect(fromTypedArray(toTypedArray(array), shape, dtype).bytes).toEqual(bytes)
        },
      ),
    )
  })

  it('fromTypedArray() rejects a typed array of another kind', () => {
    expect(() => fromTypedArray(new Int8Array(2), [2], 'uint4')).toThrow(
      new TypeError('Cannot make a "uint4" array: expected a Uint8Array of elements, got a Int8Array'),
    )
  })

  it('fromTypedArray() rejects another number of elements', () => {
    expect(() => fromTypedArray(new Float32Array(5), [2, 3])).toThrow(
      new RangeError('Cannot make a "float32" array of shape [2, 3]: expected 6 elements, got 5'),
    )
  })

  it('fromTypedArray() asks which dtype raw 16-bit codes are of', () => {
    expect(() => fromTypedArray(new Uint16Array(1), [1])).toThrow(
      new TypeError(
        'Cannot make an array "without a dtype": expected a Float32Array, BigInt64Array, Int32Array, Int16Array, ' +
          "Int8Array or Uint8Array, got a Uint16Array\nHint: name the dtype that the raw bits are of, such as 'float16'",
      ),
    )
  })
})

describe('toTypedArray()', () => {
  it('toTypedArray() copies what is not aligned', () => {
    const bytes = new Uint8Array(9).subarray(1)
    bytes.set([0, 0, 128, 63, 0, 0, 0, 64])
    expect(toTypedArray(new HostArray('float32', [2], bytes))).toEqual(Float32Array.of(1, 2))
  })

  it('toTypedArray() copies also what is a Buffer, whose slice() would not', () => {
    const bytes = Buffer.from([9, 0, 0, 128, 63]).subarray(1)
    const unaligned = bytes.byteOffset % 4 === 0 ? Buffer.concat([Buffer.of(9), bytes]).subarray(1) : bytes
    expect(toTypedArray(new HostArray('float32', [1], unaligned))).toEqual(Float32Array.of(1))
  })

  it.each(dtypes)('toTypedArray() gives one element to a place: %s', (dtype) => {
    const array = new HostArray(dtype, [3, 5], new Uint8Array(byteLength(dtype, [3, 5])))
    expect(toTypedArray(array).length).toBe(15)
  })
})
