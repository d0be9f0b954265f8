/** A binary floating-point format below 32 bits: one sign bit, then exponent, then mantissa. */
export interface Minifloat {
  /** Bits of a code, the sign included. */
  readonly bits: number
  readonly mantissaBits: number
  readonly bias: number
  /** Code of the largest finite value. */
  readonly maxCode: number
  /** Code that a positive value too large for the format gets: infinity, or `maxCode` where the format saturates. */
  readonly overflowCode: number
  /** Code that NaN gets; the sign is added to it. */
  readonly nanCode: number
}

const smallSum = new Float32Array(1)
const smallSumBits = new Uint32Array(smallSum.buffer)

/**
 * Rounds values to the nearest value of a format, ties to the even code, and writes their codes. The only place where float
 * casts round.
 */
export function encodeMinifloats(
  values: Float32Array,
  format: Minifloat,
  codes: Uint8Array | Uint16Array,
): void {
  const { bits, mantissaBits, bias, maxCode, overflowCode, nanCode } = format
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const shift = 23 - mantissaBits
  const halfBelow = (1 << (shift - 1)) - 1
  const rebias = (127 - bias) << mantissaBits
  const smallestNormal = (128 - bias) << 23
  // One unit in the last place of this number is the format's smallest step, so adding it rounds a subnormal.
  const anchor = 2 ** (24 - bias - mantissaBits)
  smallSum[0] = anchor
  const anchorWord = word(smallSumBits, 0)
  for (let i = 0; i < words.length; i++) {
    const signed = word(words, i)
    const magnitude = signed & 0x7fffffff
    let code: number
    if (magnitude >= smallestNormal) {
      const rounded = (magnitude + halfBelow + ((magnitude >>> shift) & 1)) >>> shift
      code = rounded - rebias
      if (code > maxCode) code = magnitude > 0x7f800000 ? nanCode : overflowCode
    } else {
      smallSum[0] = Math.abs(values[i] ?? 0) + anchor
      code = word(smallSumBits, 0) - anchorWord
    }
    codes[i] = ((signed >>> 31) << (bits - 1)) | code
  }
}

/** The value of every code of a format, indexed by code. */
export function minifloatValues(format: Minifloat): Float32Array {
  const values = new Float32Array(2 ** format.bits)
  const half = values.length / 2
  for (let code = 0; code < half; code++) {
    const value = valueOfCode(code, format)
    values[code] = value
    values[code + half] = -value
  }
  return values
}

function valueOfCode(code: number, format: Minifloat): number {
  const { mantissaBits, bias, maxCode, overflowCode } = format
  if (code > maxCode) return code === overflowCode ? Number.POSITIVE_INFINITY : Number.NaN
  const steps = 2 ** mantissaBits
  const exponent = Math.floor(code / steps)
  const mantissa = code % steps
  if (exponent === 0) return mantissa * 2 ** (1 - bias - mantissaBits)
  return (steps + mantissa) * 2 ** (exponent - bias - mantissaBits)
}

function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}
