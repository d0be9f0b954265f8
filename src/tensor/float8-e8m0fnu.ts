/**
 * Casts float32 values to `float8_e8m0fnu`, which holds the powers of two 2^-127 to 2^127 and NaN (code 255). The exponent is
 * rounded as PyTorch's cast rounds: up from a mantissa of 1.5 on; the sign is dropped, zero becomes 2^-127, infinity and what
 * rounds to 2^128 become NaN.
 */
export function encodeE8M0(values: Float32Array): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const codes = new Uint8Array(values.length)
  for (let i = 0; i < words.length; i++) {
    const magnitude = (words[i] ?? 0) & 0x7fffffff
    const exponent = magnitude >>> 23
    const mantissa = magnitude & 0x7fffff
    // A subnormal of exactly 2^-127 is a tie that stays at the even side, which is code 0 of the same value.
    const roundsUp = exponent === 0 ? mantissa > 0x400000 : mantissa >= 0x400000
    codes[i] = exponent === 255 ? 255 : exponent + (roundsUp ? 1 : 0)
  }
  return codes
}

/** The values of the 256 codes of `float8_e8m0fnu`: 2^(code - 127), and NaN for 255. */
export function e8m0Values(): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? Number.NaN : 2 ** (code - 127)))
}
