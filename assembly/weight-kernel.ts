/**
 * Quantizes weights with 128-bit instructions: AssemblyScript, which `npm run build:kernel` compiles into src/quantization/weights/weight-kernel-bytes.ts. It holds
 * state of no kind; addresses are bytes in the memory that the host gives. The forms in TypeScript beside those bytes say what each function has to give, bit for bit.
 */

/** Adding it rounds a float32 of magnitude below 2^22 to an integer, half to even, which is then in its low bits. */
const ROUNDER: f32 = 12582912
const MAGNITUDE: i32 = 0x7fffffff

/** The largest magnitude of each run of values. Floats without signs have the order of their bits, with infinity and NaN at the end. */
export function largestMagnitudes(values: usize, runs: i32, runLength: i32, magnitudes: usize): void {
  const mask = i32x4.splat(MAGNITUDE)
  let at = values
  for (let run = 0; run < runs; run++) {
    const end = at + (<usize>runLength << 2)
    let a = i32x4.splat(0)
    let b = a
    for (; at + 32 <= end; at += 32) {
      a = i32x4.max_s(a, v128.and(v128.load(at), mask))
      b = i32x4.max_s(b, v128.and(v128.load(at, 16), mask))
    }
    for (; at < end; at += 4) b = i32x4.max_s(b, v128.and(v128.load32_zero(at), mask))
    a = i32x4.max_s(a, b)
    a = i32x4.max_s(a, i32x4.shuffle(a, a, 2, 3, 0, 1))
    a = i32x4.max_s(a, i32x4.shuffle(a, a, 1, 0, 3, 2))
    store<i32>(magnitudes + (<usize>run << 2), i32x4.extract_lane(a, 0))
  }
}

/**
 * clamp(round((value - minval) / scale) + zeroPoint, quantMin, quantMax) of each value as a byte, and 0 of NaN. Each run has a scale (f32), a minval (f32) and
 * a zero point (i32); the bounds are within 255 of each zero point.
 */
export function quantizeRuns(
  values: usize,
  runs: i32,
  runLength: i32,
  scales: usize,
  minvals: usize,
  zeroPoints: usize,
  quantMin: i32,
  quantMax: i32,
  codes: usize,
): void {
  let from = values
  let to = codes
  for (let run = 0; run < runs; run++) {
    const offset = <usize>run << 2
    const scale = v128.load32_splat(scales + offset)
    const minval = v128.load32_splat(minvals + offset)
    const point = load<i32>(zeroPoints + offset)
    const zeroPoint = i32x4.splat(point)
    const low = f32x4.splat(<f32>(quantMin - point))
    const high = f32x4.splat(<f32>(quantMax - point))
    const end = from + (<usize>runLength << 2)
    for (; from + 64 <= end; from += 64, to += 16) {
      const a = quantize(v128.load(from), scale, minval, zeroPoint, low, high)
      const b = quantize(v128.load(from, 16), scale, minval, zeroPoint, low, high)
      const c = quantize(v128.load(from, 32), scale, minval, zeroPoint, low, high)
      const d = quantize(v128.load(from, 48), scale, minval, zeroPoint, low, high)
      const pairs = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
      v128.store(to, pairs)
    }
    for (; from < end; from += 4, to++)
      v128.store8_lane(to, quantize(v128.load32_splat(from), scale, minval, zeroPoint, low, high), 0)
  }
}

/** Four codes, each in the low byte of a lane whose other bytes are 0. Of pmin and pmax the first operand stays where it is NaN. */
@inline
function quantize(value: v128, scale: v128, minval: v128, zeroPoint: v128, low: v128, high: v128): v128 {
  const steps = f32x4.div(f32x4.sub(value, minval), scale)
  const clamped = f32x4.pmax(f32x4.pmin(steps, high), low)
  const code = i32x4.add(f32x4.add(clamped, f32x4.splat(ROUNDER)), zeroPoint)
  return v128.and(v128.and(code, f32x4.eq(steps, steps)), i32x4.splat(0xff))
}

/** Two codes to a byte, the first in the low bits; after an odd one zeros. May write where it reads. */
export function packNibbles(codes: usize, count: i32, packed: usize): void {
  const end = codes + <usize>count
  for (; codes + 32 <= end; codes += 32, packed += 16)
    v128.store(packed, i8x16.narrow_i16x8_u(nibblePairs(v128.load(codes)), nibblePairs(v128.load(codes, 16))))
  for (; codes + 2 <= end; codes += 2, packed++)
    store<u8>(packed, (load<u8>(codes) & 15) | (load<u8>(codes, 1) << 4))
  if (codes < end) store<u8>(packed, load<u8>(codes) & 15)
}

@inline
function nibblePairs(codes: v128): v128 {
  const high = v128.and(i16x8.shr_u(codes, 4), i16x8.splat(0xf0))
  return v128.or(v128.and(codes, i16x8.splat(0x0f)), high)
}

/** bfloat16 as float32, which has the same bits and zeros after them. */
export function widenBfloat16(codes: usize, count: i32, values: usize): void {
  const end = codes + (<usize>count << 1)
  for (; codes + 16 <= end; codes += 16, values += 32) {
    const eight = v128.load(codes)
    v128.store(values, i32x4.shl(i32x4.extend_low_i16x8_u(eight), 16))
    v128.store(values, i32x4.shl(i32x4.extend_high_i16x8_u(eight), 16), 16)
  }
  for (; codes < end; codes += 2, values += 4) store<i32>(values, <i32>load<u16>(codes) << 16)
}

/** float16 as float32. */
export function widenFloat16(codes: usize, count: i32, values: usize): void {
  const end = codes + (<usize>count << 1)
  for (; codes + 16 <= end; codes += 16, values += 32) {
    const eight = v128.load(codes)
    v128.store(values, widen(i32x4.extend_low_i16x8_u(eight)))
    v128.store(values, widen(i32x4.extend_high_i16x8_u(eight)), 16)
  }
  for (; codes < end; codes += 2, values += 4)
    v128.store32_lane(values, widen(i32x4.splat(<i32>load<u16>(codes))), 0)
}

/** The exponent is moved by a multiplication, which is right for subnormal numbers too; that of infinity and NaN becomes the largest. */
@inline
function widen(code: v128): v128 {
  const bits = i32x4.shl(v128.and(code, i32x4.splat(0x7fff)), 13)
  const isSpecial = i32x4.ge_s(bits, i32x4.splat(0x7c00 << 13))
  const magnitude = f32x4.mul(bits, f32x4.splat(reinterpret<f32>(239 << 23)))
  const special = v128.and(isSpecial, i32x4.splat(0x7f800000))
  return v128.or(v128.or(magnitude, special), i32x4.shl(v128.and(code, i32x4.splat(0x8000)), 16))
}
