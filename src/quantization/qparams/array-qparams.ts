import { type Blocks, blockView } from '../../ops/quantization/blocks.ts'
import { MIN_SCALE, symmetricScaleOf, symmetricZeroPoint } from '../../ops/quantization/range-to-qparams.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { isQuantizedFloat } from '../spec/dtypes.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import { forEachRun } from '../weights/quantize-array.ts'

/** Qparams on the host, as a calculator stores them. */
export interface HostQParams {
  readonly scale: HostArray
  readonly zeroPoint: HostArray | null
  readonly minval: HostArray | null
}

/**
 * The qparams of the smallest and largest values of each block, extended to contain 0: what `MinMaxRange` and `qparamsFor` record, bit for bit, computed at once.
 * @param array float32
 * @returns undefined for scales that are powers of two, and for values that are infinite or NaN
 */
export function qparamsOfArray(array: HostArray, blocks: Blocks, spec: FullSpec): HostQParams | undefined {
  if (spec.scaleDtype !== null) return undefined
  const shape = blockView('observe', array.shape, blocks).scaleShape.map(Number)
  const { lows, highs } = rangesOf(array, shape, spec)
  if (!lows.every(Number.isFinite) || !highs.every(Number.isFinite)) return undefined
  const { quantMin, quantMax } = spec
  const scale = new Float32Array(lows.length)
  const zeroPoint = new Int32Array(lows.length)
  const minval = new Float32Array(lows.length)
  for (let i = 0; i < scale.length; i++) {
    const [low = 0, high = 0] = [lows[i], highs[i]]
    if (spec.qscheme !== 'asymmetric') {
      scale[i] = symmetricScaleOf(Math.max(-low, high), quantMin, quantMax)
      zeroPoint[i] = symmetricZeroPoint(quantMin, quantMax)
      minval[i] = Math.min(low, -high)
      continue
    }
    const step = Math.max(Math.fround(Math.fround(high - low) / (quantMax - quantMin)), MIN_SCALE)
    scale[i] = step
    zeroPoint[i] = Math.min(Math.max(quantMin - halfToEven(Math.fround(low / step)), quantMin), quantMax)
    minval[i] = low
  }
  const isFloat = isQuantizedFloat(spec.dtype)
  return {
    scale: fromTypedArray(scale, shape),
    zeroPoint: isFloat ? null : fromTypedArray(zeroPoint, shape),
    minval: isFloat ? null : fromTypedArray(minval, shape),
  }
}

/** The ranges alone, as `MinMaxRange` records them. @returns undefined for values that are infinite or NaN */
export function rangeOfArray(
  array: HostArray,
  blocks: Blocks,
  spec: FullSpec,
): { readonly min: HostArray; readonly max: HostArray } | undefined {
  const shape = blockView('observe', array.shape, blocks).scaleShape.map(Number)
  const { lows, highs } = rangesOf(array, shape, spec)
  if (!lows.every(Number.isFinite) || !highs.every(Number.isFinite)) return undefined
  return { min: fromTypedArray(lows, shape), max: fromTypedArray(highs, shape) }
}

/** Bounds that are known take the place of those that are found. One NaN makes both bounds of its block NaN. */
function rangesOf(
  array: HostArray,
  shape: readonly number[],
  { floatRange: [min, max] }: FullSpec,
): { readonly lows: Float32Array; readonly highs: Float32Array } {
  const values = toFloat32(array)
  const lows = new Float32Array(sizeOf(shape))
  const highs = new Float32Array(sizeOf(shape))
  forEachRun(array.shape, shape, (start, end, block) => {
    let [low, high] = [lows[block] ?? 0, highs[block] ?? 0]
    for (let i = start; i < end; i++) {
      const value = values[i] ?? 0
      if (value < low) low = value
      else if (value > high) high = value
      else if (Number.isNaN(value)) [low, high] = [value, value]
    }
    lows[block] = low
    highs[block] = high
  })
  if (min !== null) lows.fill(min)
  if (max !== null) highs.fill(max)
  return { lows, highs }
}

/** Adding and subtracting it rounds a double of magnitude below 2^51 to an integer, half to even. */
const ROUNDER = 1.5 * 2 ** 52

function halfToEven(value: number): number {
  return value + ROUNDER - ROUNDER
}
