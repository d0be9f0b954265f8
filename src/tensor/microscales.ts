/** Element dtypes whose blocks may share a power of two as their scale. */
export type MicroscaledDType = 'float4_e2m1fn_x2' | 'float8_e4m3fn' | 'float8_e5m2'

/** Exponent of the largest power of two that each dtype holds. */
const MAX_EXPONENTS: Record<MicroscaledDType, number> = {
  float4_e2m1fn_x2: 2,
  float8_e4m3fn: 8,
  float8_e5m2: 15,
}

/**
 * Scales that `float8_e8m0fnu` can hold, one for each block's largest magnitude: the power of two that brings it into the element
 * dtype's highest binade, rounded down ("floor"), and at least 2^-126. Values above the dtype's largest then saturate. Source: the
 * OCP Microscaling Formats specification, 6.3.
 *
 * @example
 * microscales(Float32Array.of(448, 1), 'float8_e4m3fn') // => Float32Array.of(1, 2 ** -8)
 */
export function microscales(maxAbs: Float32Array, dtype: MicroscaledDType): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(maxAbs.buffer, maxAbs.byteOffset, maxAbs.length)
  const scaleWords = new Uint32Array(maxAbs.length)
  // In biased exponents: subtracting the element's may go below the smallest normal, where the clamp to 2^-126 takes over.
  for (let i = 0; i < words.length; i++) {
    const exponent = ((words[i] ?? 0) >>> 23) & 0xff
    scaleWords[i] = Math.max(exponent - MAX_EXPONENTS[dtype], 1) << 23
  }
  return new Float32Array(scaleWords.buffer)
}
