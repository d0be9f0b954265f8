import { symmetricScaleOf } from '../../ops/quantization/range-to-qparams.ts'
import { packSubByte } from '../../tensor/sub-byte.ts'

/** Data types of weights that are quantized without a graph. */
export type RunDType = 'int8' | 'int4'

/** Adding and subtracting it rounds a double of magnitude below 2^51 to an integer, half to even. */
const ROUNDER = 1.5 * 2 ** 52
/** Bits of float32 infinity; the bits of NaN are larger. */
const INFINITY_BITS = 0x7f800000
const MAGNITUDE = 0x7fffffff

/** Quantized runs. */
export interface QuantizedRuns {
  /** Codes in two's complement; those of int4 two to a byte, the first in the low bits. */
  readonly codes: Uint8Array
  /** One for each run. */
  readonly scales: Float32Array
}

/** Bytes that the codes of some values take. */
export function codeBytes(dtype: RunDType, count: number): number {
  return dtype === 'int8' ? count : Math.ceil(count / 2)
}

/** The smallest and the largest code. */
export function runBounds(dtype: RunDType): { readonly quantMin: number; readonly quantMax: number } {
  const count = dtype === 'int8' ? 256 : 16
  return { quantMin: -count / 2, quantMax: count / 2 - 1 }
}

/**
 * Quantizes runs of neighbouring values, each with a symmetric range and a scale of its own, in one pass: what a weight's fake quantizer and `quantizeArray`
 * give, without tensors in between.
 *
 * @param values whole runs, one after the other
 * @param into where the result goes; made anew where it is not given
 * @returns undefined when a value is infinite or NaN
 * @example
 * quantizeRuns(Float32Array.of(1, -0.5), 2, 'int8')?.scales // => Float32Array.of(1 / 127.5)
 */
export function quantizeRuns(
  values: Float32Array,
  runLength: number,
  dtype: RunDType,
  into: QuantizedRuns = room(values.length, runLength, dtype),
): QuantizedRuns | undefined {
  const magnitudes = new Int32Array(values.buffer, values.byteOffset, values.length)
  const bitsOfScale = new Float32Array(1)
  const largestBits = new Int32Array(bitsOfScale.buffer)
  const { quantMin, quantMax } = runBounds(dtype)
  const packsInPlace = dtype === 'int4' && runLength % 2 === 0
  const signed = packsInPlace ? undefined : signedCodes(into, values.length, dtype)
  const { codes, scales } = into
  for (let start = 0, run = 0; start < values.length; start += runLength, run++) {
    const largest = largestMagnitude(magnitudes, start, start + runLength)
    if (largest >= INFINITY_BITS) return undefined
    largestBits[0] = largest
    const scale = symmetricScaleOf(bitsOfScale[0] ?? 0, quantMin, quantMax)
    scales[run] = scale
    if (signed === undefined) packRun(values, start, start + runLength, scale, codes)
    else quantizeRun(values, start, start + runLength, scale, quantMax, signed)
  }
  if (dtype === 'int4' && signed !== undefined) codes.set(packSubByte(signed, 4))
  return into
}

/** A view of the codes that has signs; where two share a byte, memory of its own. */
function signedCodes({ codes }: QuantizedRuns, count: number, dtype: RunDType): Int8Array {
  return dtype === 'int8' ? new Int8Array(codes.buffer, codes.byteOffset, count) : new Int8Array(count)
}

function room(count: number, runLength: number, dtype: RunDType): QuantizedRuns {
  return {
    codes: new Uint8Array(codeBytes(dtype, count)),
    scales: new Float32Array(Math.ceil(count / runLength)),
  }
}

/** The bits of floats without their signs are in the order of their magnitudes. */
function largestMagnitude(bits: Int32Array, start: number, end: number): number {
  let largest = 0
  for (let i = start; i < end; i++) {
    const magnitude = (bits[i] ?? 0) & MAGNITUDE
    largest = Math.max(largest, magnitude)
  }
  return largest
}

/** No quotient is below the smallest code: only the largest one can be one too large. */
function quantizeRun(
  values: Float32Array,
  start: number,
  end: number,
  scale: number,
  quantMax: number,
  codes: Int8Array,
): void {
  for (let i = start; i < end; i++) {
    const code = Math.fround((values[i] ?? 0) / scale) + ROUNDER - ROUNDER
    codes[i] = Math.min(code, quantMax)
  }
}

function packRun(values: Float32Array, start: number, end: number, scale: number, codes: Uint8Array): void {
  for (let i = start; i < end; i += 2) {
    let low = Math.fround((values[i] ?? 0) / scale) + ROUNDER - ROUNDER
    let high = Math.fround((values[i + 1] ?? 0) / scale) + ROUNDER - ROUNDER
    // Faster than Math.min.
    if (low > 7) low = 7
    if (high > 7) high = 7
    codes[i >> 1] = (low & 15) | (high << 4)
  }
}
