import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CodedFloat, decodeFloats, encodeFloats, type FloatCodes, roundFloats } from './float-codes.ts'

const BITS: Record<CodedFloat, number> = {
  float16: 16,
  bfloat16: 16,
  float8_e4m3fn: 8,
  float8_e5m2: 8,
  float8_e8m0fnu: 8,
  float4_e2m1fn_x2: 4,
}
const coded = Object.keys(BITS) as CodedFloat[]
const signedEightOrLess = ['float8_e4m3fn', 'float8_e5m2', 'float4_e2m1fn_x2'] as const

function allCodes(dtype: CodedFloat): FloatCodes {
  const count = 2 ** BITS[dtype]
  return count > 256
    ? Uint16Array.from({ length: count }, (_, i) => i)
    : Uint8Array.from({ length: count }, (_, i) => i)
}

function encodeOne(value: number, dtype: CodedFloat): number | undefined {
  return encodeFloats(Float32Array.of(value), dtype)[0]
}

/** The nearest finite value of a dtype by search, ties to the even code: a second way to the same answer. */
function nearestBySearch(value: number, dtype: CodedFloat): number {
  const table = decodeFloats(allCodes(dtype), dtype)
  let best = 0
  for (let code = 0; code < table.length / 2; code++) {
    const candidate = table[code] ?? Number.NaN
    if (!Number.isFinite(candidate)) continue
    const distance = Math.abs(candidate - Math.abs(value)) - Math.abs((table[best] ?? 0) - Math.abs(value))
    if (distance < 0 || (distance === 0 && code % 2 === 0)) best = code
  }
  return Math.sign(value) * (table[best] ?? 0)
}

describe('encodeFloats()', () => {
  it.each(coded)('encodeFloats() gives back every code of %s from its value', (dtype) => {
    const codes = allCodes(dtype)
    const values = decodeFloats(codes, dtype)
    const again = encodeFloats(values, dtype)
    const wrong = Array.from(codes).filter((code, i) => again[i] !== code && !Number.isNaN(values[i]))
    expect(wrong).toEqual([])
    const nans = Array.from(again).filter((_, i) => Number.isNaN(values[i]))
    expect(decodeFloats(Uint16Array.from(nans), dtype).every(Number.isNaN)).toBe(true)
  })

  it.each(signedEightOrLess)(
    'encodeFloats() finds the nearest value of %s, ties to the even code',
    (dtype) => {
      const largest = Math.max(...decodeFloats(allCodes(dtype), dtype).filter(Number.isFinite))
      fc.assert(
        fc.property(fc.float({ noNaN: true, min: -1, max: 1 }), (unit) => {
          const value = Math.fround(unit * largest)
          const rounded = decodeFloats(encodeFloats(Float32Array.of(value), dtype), dtype)[0] ?? Number.NaN
          expect(rounded + 0).toBe(nearestBySearch(value, dtype) + 0)
        }),
      )
    },
  )

  it.each(signedEightOrLess)('encodeFloats() rounds the midpoints of %s to the even code', (dtype) => {
    const table = decodeFloats(allCodes(dtype), dtype)
    for (let code = 0; code + 1 < table.length / 2; code++) {
      const middle = ((table[code] ?? 0) + (table[code + 1] ?? 0)) / 2
      if (!Number.isFinite(middle)) continue
      expect(encodeOne(middle, dtype)).toBe(code % 2 === 0 ? code : code + 1)
    }
  })

  it('encodeFloats() rounds float16 subnormals and keeps what lies just above a tie', () => {
    expect(encodeOne(2 ** -25, 'float16')).toBe(0)
    expect(encodeOne(2 ** -25 * (1 + 2 ** -23), 'float16')).toBe(1)
    expect(encodeOne(1.5 * 2 ** -24, 'float16')).toBe(2)
    expect(encodeOne(-(2 ** -24), 'float16')).toBe(0x8001)
  })

  it.each([
    ['float16', 65519, 0x7bff],
    ['float16', 65520, 0x7c00],
    ['bfloat16', 3.4e38, 0x7f80],
    ['float8_e5m2', 61440, 0x7c],
    ['float8_e5m2', -Infinity, 0xfc],
    ['float8_e4m3fn', 1e9, 0x7e],
    ['float8_e4m3fn', -Infinity, 0xfe],
    ['float4_e2m1fn_x2', 100, 7],
    ['float4_e2m1fn_x2', -Infinity, 15],
    ['float4_e2m1fn_x2', Number.NaN, 7],
    ['float8_e8m0fnu', Infinity, 255],
  ] as const)('encodeFloats() treats an overflow of %s as PyTorch does: %s', (dtype, value, code) => {
    expect(encodeOne(value, dtype)).toBe(code)
  })

  it.each([
    [0, 0],
    [2 ** -127, 0],
    [1.25 * 2 ** -127, 1],
    [1, 127],
    [1.4999, 127],
    [1.5, 128],
    [-1.5, 128],
    [2.6e38, 255],
  ])('encodeFloats() rounds the exponent of %s to the float8_e8m0fnu code %s', (value, code) => {
    expect(encodeOne(value, 'float8_e8m0fnu')).toBe(code)
  })
})

describe('decodeFloats()', () => {
  it.each([
    ['float16', 0x3555, 0.333251953125],
    ['float16', 0xfc00, -Infinity],
    ['bfloat16', 0xc049, -3.140625],
    ['float8_e4m3fn', 0x01, 2 ** -9],
    ['float8_e4m3fn', 0x7e, 448],
    ['float8_e4m3fn', 0xff, Number.NaN],
    ['float8_e5m2', 0x7b, 57344],
    ['float8_e5m2', 0x7d, Number.NaN],
    ['float8_e8m0fnu', 0, 2 ** -127],
    ['float4_e2m1fn_x2', 0xd, -3],
    ['float4_e2m1fn_x2', 0x8, -0],
  ] as const)('decodeFloats() gives the value of a %s code %i', (dtype, code, value) => {
    expect(decodeFloats(Uint16Array.of(code), dtype)[0]).toBe(value)
  })
})

describe('roundFloats()', () => {
  it('roundFloats() keeps NaN and the sign of zero in float4_e2m1fn_x2', () => {
    const rounded = roundFloats(
      Float32Array.of(0.25, 0.75, 1.25, 2.5, 5, -0.1, Number.NaN),
      'float4_e2m1fn_x2',
    )
    expect(Array.from(rounded)).toEqual([0, 1, 1, 2, 4, -0, Number.NaN])
  })
})
