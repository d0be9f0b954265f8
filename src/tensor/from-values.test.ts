import { describe, expect, it } from 'vitest'
import { fromValues } from './from-values.ts'
import { toTypedArray } from './to-typed-array.ts'

describe('fromValues()', () => {
  it('fromValues() packs int4 and rounds floats', () => {
    expect(fromValues('int4', [3], [1, -8, 7]).bytes).toEqual(Uint8Array.of(0x81, 0x07))
    expect(fromValues('float4_e2m1fn_x2', [2], [0.3, -6]).bytes).toEqual(Uint8Array.of(0xf1))
    expect(fromValues('float16', [1], [1 / 3]).bytes).toEqual(Uint8Array.of(0x55, 0x35))
  })

  it('fromValues() reads any iterable of numbers and bigints', () => {
    expect(toTypedArray(fromValues('int64', [2], new Set([1n, -5])))).toEqual(BigInt64Array.of(1n, -5n))
    expect(toTypedArray(fromValues('int32', [2], Float32Array.of(3, -4)))).toEqual(Int32Array.of(3, -4))
    expect(toTypedArray(fromValues('float32', [2], [2n, 0.5]))).toEqual(Float32Array.of(2, 0.5))
    expect(toTypedArray(fromValues('bool', [3], [0, 2, Number.NaN]))).toEqual(Uint8Array.of(0, 1, 1))
  })

  it.each([
    ['int4', [0, 8], 'Cannot make a "int4" array: expected integers from -8 to 7, got 8 (element 1)'],
    ['uint2', [-1], 'Cannot make a "uint2" array: expected integers from 0 to 3, got -1 (element 0)'],
    ['int8', [0.5], 'Cannot make a "int8" array: expected integers from -128 to 127, got 0.5 (element 0)'],
    [
      'int64',
      [2n ** 63n],
      'Cannot make a "int64" array: expected integers from -2^63 to 2^63 - 1, got 9223372036854775808 (element 0)',
    ],
    [
      'int64',
      [Number.NaN],
      'Cannot make a "int64" array: expected integers from -2^63 to 2^63 - 1, got NaN (element 0)',
    ],
  ] as const)('fromValues() rejects what %s cannot hold: %s', (dtype, values, message) => {
    expect(() => fromValues(dtype, [values.length], values)).toThrow(new RangeError(message))
  })

  it('fromValues() rejects another number of values', () => {
    expect(() => fromValues('uint8', [2], [1])).toThrow(
      new RangeError('Cannot make a "uint8" array of shape [2]: expected 2 elements, got 1'),
    )
  })
})
