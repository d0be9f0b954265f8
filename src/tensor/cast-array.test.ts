import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { castArray } from './cast-array.ts'
import type { DType } from './dtype.ts'
import { fromTypedArray } from './from-typed-array.ts'
import { fromValues } from './from-values.ts'
import { toFloat32 } from './to-float32.ts'
import { toTypedArray } from './to-typed-array.ts'

const INT32_MIN = -2147483648
const floats = fromValues('float32', [8], [300, -1, -129, Number.NaN, Infinity, 3e9, 2.9, -2.9])

describe('castArray()', () => {
  // Recorded from torch 2.15 on a CPU: torch.tensor([...]).to(dtype).tolist()
  it.each<[DType, number[]]>([
    ['int8', [44, -1, 127, 0, 0, 0, 2, -2]],
    ['uint8', [44, 255, 127, 0, 0, 0, 2, 254]],
    ['int16', [300, -1, -129, 0, 0, 0, 2, -2]],
    ['int32', [300, -1, -129, INT32_MIN, INT32_MIN, INT32_MIN, 2, -2]],
    ['bool', [1, 1, 1, 1, 1, 1, 1, 1]],
  ])('castArray() to %s gives what PyTorch gives', (dtype, expected) => {
    expect([...toTypedArray(castArray(floats, dtype))]).toEqual(expected)
  })

  it('castArray() to int64 gives what PyTorch gives', () => {
    const minimum = -(2n ** 63n)
    expect([...toTypedArray(castArray(floats, 'int64'))]).toEqual([
      300n,
      -1n,
      -129n,
      minimum,
      minimum,
      3000000000n,
      2n,
      -2n,
    ])
  })

  it('castArray() keeps the low bits between integers', () => {
    const wide = fromValues('int64', [4], [70000, 300, -5, 2 ** 40 + 3])
    expect(toTypedArray(castArray(wide, 'uint8'))).toEqual(Uint8Array.of(112, 44, 251, 3))
    expect(toTypedArray(castArray(wide, 'int4'))).toEqual(Int8Array.of(0, -4, -5, 3))
    expect(toTypedArray(castArray(wide, 'float16'))).toEqual(Uint16Array.of(0x7c00, 0x5cb0, 0xc500, 0x7c00))
  })

  it('castArray() returns the array itself when the dtype is the same', () => {
    expect(castArray(floats, 'float32')).toBe(floats)
  })

  it('castArray() from a narrow float and back changes nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2', 'float4_e2m1fn_x2'),
        fc.float32Array({ noNaN: true }),
        (dtype, values) => {
          const narrow = castArray(fromTypedArray(values, [values.length]), dtype)
          expect(castArray(castArray(narrow, 'float32'), dtype).bytes).toEqual(narrow.bytes)
        },
      ),
    )
  })
})

describe('toFloat32()', () => {
  it('toFloat32() is a view of a float32 array', () => {
    expect(toFloat32(floats).buffer).toBe(floats.bytes.buffer)
  })

  it('toFloat32() rounds big integers once', () => {
    // 2^60 + 2^36 is a tie between two float32; one more must round up although a double cannot tell them apart.
    const tie = 2n ** 60n + 2n ** 36n
    expect(toFloat32(fromValues('int64', [3], [tie, tie + 1n, -tie - 1n]))).toEqual(
      Float32Array.of(2 ** 60, 2 ** 60 + 2 ** 37, -(2 ** 60) - 2 ** 37),
    )
  })

  it('toFloat32() reads every kind of integer and bool', () => {
    expect(toFloat32(fromValues('uint4', [3], [15, 0, 8]))).toEqual(Float32Array.of(15, 0, 8))
    expect(toFloat32(fromValues('int2', [2], [-2, 1]))).toEqual(Float32Array.of(-2, 1))
    expect(toFloat32(fromValues('bool', [2], [1, 0]))).toEqual(Float32Array.of(1, 0))
  })
})
