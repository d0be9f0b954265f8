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

/** What an array is multiplied by: a float32 factor for each index along an axis. */
export interface AxisScale {
  readonly axis: number
  readonly factors: Float32Array
}

/**
 * The qparams of the smallest and largest values of each block, extended to contain 0: what `MinMaxRange` and `qparamsFor` record, bit for bit, computed at once. For plain scales.
 * @param array float32
 * @param axisScale of the values that are meant, which are the array's own by default
 * @returns undefined for values that are infinite or NaN
 */
export function qparamsOfArray(
  array: HostArray,
  blocks: Blocks,
  spec: FullSpec,
  axisScale?: AxisScale,
): HostQParams | undefined {
  const shape = blockView('observe', array.shape, blocks).scaleShape.map(Number)
  const { lows, highs } = rangesOf(array, shape, spec, axisScale)
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
  axisScale?: AxisScale,
): { readonly min: HostArray; readonly max: HostArray } | undefined {
  const shape = blockView('observe', array.shape, blocks).scaleShape.map(Number)
  const { lows, highs } = rangesOf(array, shape, spec, axisScale)
  if (!lows.every(Number.isFinite) || !highs.every(Number.isFinite)) return undefined
  return { min: fromTypedArray(lows, shape), max: fromTypedArray(highs, shape) }
}

/**
 * Bounds that are known take the place of those that are found. One NaN makes both bounds of its block NaN. Rounded products with one factor are in the
 * order of the values, or the reverse order, so that those of the extremes are the extremes.
 */
function rangesOf(
  array: HostArray,
  shape: readonly number[],
  { floatRange: [min, max] }: FullSpec,
  axisScale?: AxisScale,
): { readonly lows: Float32Array; readonly highs: Float32Array } {
  const values = toFloat32(array)
  const lows = new Float32Array(sizeOf(shape))
  const highs = new Float32Array(sizeOf(shape))
  const { axis, factors } = axisScale ?? { axis: -1, factors: Float32Array.of(1) }
  const inner = sizeOf(array.shape.slice(axis + 1))
  forEachRun(array.shape, shape, (start, end, block) => {
    for (let from = start; from < end; ) {
      const index = Math.floor(from / inner)
      const to = Math.min(end, (index + 1) * inner)
      const factor = factors[index % factors.length] ?? 1
      const [low, high] = extremes(values, from, to)
      const [one, other] = [Math.fround(low * factor), Math.fround(high * factor)]
      lows[block] = Math.min(lows[block] ?? 0, one, other)
      highs[block] = Math.max(highs[block] ?? 0, one, other)
      from = to
    }
  })
  if (min !== null) lows.fill(min)
  if (max !== null) highs.fill(max)
  return { lows, highs }
}

/** Smallest and largest of some values and 0; NaN twice where there is one. Two of each, so that one need not wait for the other. */
function extremes(values: Float32Array, start: number, end: number): readonly [number, number] {
  let [low, otherLow, high, otherHigh] = [0, 0, 0, 0]
  for (let i = start + 1; i < end; i += 2) {
    const value = values[i - 1] ?? 0
    const other = values[i] ?? 0
    low = Math.min(low, value)
    high = Math.max(high, value)
    otherLow = Math.min(otherLow, other)
    otherHigh = Math.max(otherHigh, other)
  }
  const last = end > start ? (values[end - 1] ?? 0) : 0
  return [Math.min(low, otherLow, last), Math.max(high, otherHigh, last)]
}

/** Adding and subtracting it rounds a double of magnitude below 2^51 to an integer, half to even. */
const ROUNDER = 1.5 * 2 ** 52

function halfToEven(value: number): number {
  return value + ROUNDER - ROUNDER
}
