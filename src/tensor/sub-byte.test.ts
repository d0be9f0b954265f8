import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packSubByte, unpackSigned, unpackUnsigned } from './sub-byte.ts'

describe('packSubByte()', () => {
  it('packSubByte() puts the first value in the lowest bits', () => {
    expect(packSubByte(Uint8Array.of(1, 2, 3), 4)).toEqual(Uint8Array.of(0x21, 0x03))
    expect(packSubByte(Uint8Array.of(1, 2, 3, 0, 2), 2)).toEqual(Uint8Array.of(0b00111001, 0b10))
  })

  it('packSubByte() packs signed codes in two’s complement', () => {
    expect(packSubByte(Int8Array.of(-8, -1), 4)).toEqual(Uint8Array.of(0xf8))
    expect(packSubByte(Int8Array.of(-2, 1, -1), 2)).toEqual(Uint8Array.of(0b110110))
  })
})

describe('unpackUnsigned() and unpackSigned()', () => {
  const widths = fc.constantFrom(2 as const, 4 as const)

  it('unpackUnsigned() takes out what packSubByte() put in', () => {
    fc.assert(
      fc.property(widths, fc.uint8Array(), (bits, bytes) => {
        const codes = bytes.map((byte) => byte & ((1 << bits) - 1))
        expect(unpackUnsigned(packSubByte(codes, bits), codes.length, bits)).toEqual(codes)
      }),
    )
  })

  it('unpackSigned() takes out what packSubByte() put in', () => {
    fc.assert(
      fc.property(widths, fc.int8Array(), (bits, bytes) => {
        const codes = bytes.map((byte) => byte >> (8 - bits))
        expect(unpackSigned(packSubByte(codes, bits), codes.length, bits)).toEqual(codes)
      }),
    )
  })

  it('unpackUnsigned() ignores the unused bits of the last byte', () => {
    expect(unpackUnsigned(Uint8Array.of(0xff), 1, 2)).toEqual(Uint8Array.of(3))
  })
})
