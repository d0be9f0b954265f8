import { blockView, normalizeBlocks } from '../../ops/quantization/blocks.ts'
import { symmetricZeroPoint } from '../../ops/quantization/range-to-qparams.ts'
import { encodeFloats, roundFloats } from '../../tensor/float-codes.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { isQuantizedFloat } from '../spec/dtypes.ts'
import type { DerivedSpecFields, SpecFields } from '../spec/spec-fields.ts'
import { kernelWindow } from './kernel-window.ts'

/** Qparams on the host; each has one entry for each block, along as many dimensions as the tensor has. */
export interface ArrayQParams {
  readonly scale: HostArray
  /** Absent for float dtypes and in the minval formulation. */
  readonly zeroPoint?: HostArray | null
  /** Present in the minval formulation. */
  readonly minval?: HostArray | null
}

/** The fields of a spec that say how values are quantized. */
export type QuantizedLayout = Pick<SpecFields, 'dtype' | 'qformulation'> &
  Pick<DerivedSpecFields, 'quantMin' | 'quantMax' | 'targetDtype'>

/** Adding and subtracting it rounds a double of magnitude below 2^51 to an integer, half to even. */
const ROUNDER = 1.5 * 2 ** 52

/** Fewer are done before they are in the kernel's memory. */
const MIN_KERNEL_VALUES = 256

/**
 * Quantizes an array: integers as int8 or uint8, q = clamp(round(x / scale) + zeroPoint) or clamp(round((x - minval) / scale) + quantMin); floats as fp8
 * codes of cast(clamp(x / scale)), fp4 values among them. Arithmetic is float32, rounding half to even, NaN becomes integer 0.
 * The blocks follow from the shapes of the array and its scale.
 *
 * @throws ShapeError for scales that do not divide the array, or other qparams of another number than the scales
 * @example
 * const scale = fromValues('float32', [1], [0.5])
 * toTypedArray(quantizeArray(fromValues('float32', [2], [1, -3]), { scale }, new QuantizationSpec())) // => Int8Array.of(2, -6)
 */
export function quantizeArray(array: HostArray, qparams: ArrayQParams, layout: QuantizedLayout): HostArray {
  const { dtype, quantMin, quantMax } = layout
  const values = toFloat32(array)
  const scale = toFloat32(qparams.scale)
  if (isQuantizedFloat(dtype)) {
    const clipped = new Float32Array(values.length)
    forEachRun(array.shape, qparams.scale.shape, (start, end, block) => {
      const s = scale[block] ?? Number.NaN
      for (let i = start; i < end; i++)
        clipped[i] = Math.min(Math.max(Math.fround((values[i] ?? 0) / s), quantMin), quantMax)
    })
    const storage = dtype === 'float8_e5m2' ? dtype : 'float8_e4m3fn'
    const rounded = dtype === 'float4_e2m1fn_x2' ? roundFloats(clipped, dtype) : clipped
    return fromTypedArray(encodeFloats(rounded, storage), array.shape, storage)
  }
  const { minval, zeroPoint, fallback } = offsetsOf(qparams, layout)
  const out = layout.targetDtype === 'uint8' ? new Uint8Array(values.length) : new Int8Array(values.length)
  const kernel = values.length < MIN_KERNEL_VALUES ? undefined : kernelWindow(values, out, quantMin, quantMax)
  forEachRun(array.shape, qparams.scale.shape, (start, end, block) => {
    const s = scale[block] ?? Number.NaN
    const m = minval?.[block] ?? 0
    const z = zeroPoint?.[block] ?? fallback
    if (kernel?.add(start, end, s, m, z)) return
    for (let i = start; i < end; i++) {
      const rounded = Math.fround(Math.fround((values[i] ?? 0) - m) / s) + ROUNDER - ROUNDER
      out[i] = Math.min(Math.max(rounded + z, quantMin), quantMax)
    }
  })
  kernel?.flush()
  return fromTypedArray(out, array.shape)
}

/**
 * The float32 values that quantized ones stand for, (q - zeroPoint) * scale or (q - quantMin) * scale + minval: the inverse of `quantizeArray`, up to
 * rounding and clamping.
 *
 * @throws ShapeError as `quantizeArray` does
 */
export function dequantizeArray(array: HostArray, qparams: ArrayQParams, layout: QuantizedLayout): HostArray {
  const quantized = isQuantizedFloat(layout.dtype)
    ? toFloat32(array)
    : Int32Array.from(toTypedArray(array), Number)
  const scale = toFloat32(qparams.scale)
  const { minval, zeroPoint, fallback } = offsetsOf(qparams, layout)
  const out = new Float32Array(quantized.length)
  forEachRun(array.shape, qparams.scale.shape, (start, end, block) => {
    const s = scale[block] ?? Number.NaN
    // Adding -0 changes nothing; adding +0 would lose the sign of a float's zero.
    const m = minval?.[block] ?? -0
    const z = zeroPoint?.[block] ?? fallback
    for (let i = start; i < end; i++) out[i] = Math.fround(((quantized[i] ?? 0) - z) * s) + m
  })
  return fromTypedArray(out, array.shape)
}

/** What is taken off before and added after scaling, for each block; `fallback` stands for zero points that are not given. */
interface Offsets {
  readonly minval?: Float32Array
  readonly zeroPoint?: Int32Array
  readonly fallback: number
}

function offsetsOf(qparams: ArrayQParams, layout: QuantizedLayout): Offsets {
  const { zeroPoint, minval } = qparams
  const { dtype, qformulation, quantMin, quantMax } = layout
  if (zeroPoint) checkQParam('zero points', zeroPoint, qparams)
  if (minval) checkQParam('minvals', minval, qparams)
  if (isQuantizedFloat(dtype)) return { fallback: 0 }
  if (qformulation === 'minval' && minval) return { minval: toFloat32(minval), fallback: quantMin }
  const fallback = symmetricZeroPoint(quantMin, quantMax)
  return zeroPoint ? { zeroPoint: Int32Array.from(toTypedArray(zeroPoint), Number), fallback } : { fallback }
}

/** @throws ShapeError for scales that do not divide the shape; a single one fits every shape */
function checkDivision(shape: Shape, scaleShape: Shape): void {
  const fits = shape.every((size, i) => size === scaleShape[i] || size % (scaleShape[i] ?? 0) === 0)
  if (sizeOf(scaleShape) === 1 || (fits && scaleShape.length === shape.length)) return
  throw new ShapeError(
    `Cannot divide [${shape.join(', ')}] into blocks: expected scales whose sizes divide it, got [${scaleShape.join(', ')}]`,
  )
}

/** @throws ShapeError when there is not one for each scale */
function checkQParam(name: string, qparam: HostArray, { scale }: ArrayQParams): void {
  if (sizeOf(qparam.shape) === sizeOf(scale.shape)) return
  throw new ShapeError(
    `Cannot quantize with ${name} of shape [${qparam.shape.join(', ')}]: expected one for each scale, got scales of shape [${scale.shape.join(', ')}]`,
  )
}

/** Visits the runs of neighbouring elements that share a scale, in order. @throws ShapeError for scales that do not divide the shape */
export function forEachRun(
  shape: Shape,
  scaleShape: Shape,
  visit: (start: number, end: number, block: number) => void,
): void {
  checkDivision(shape, scaleShape)
  const sizes = shape.map((size, i) => size / (scaleShape[i] ?? 1))
  const { view, scaleView } = blockView('quantize', shape, normalizeBlocks(shape, sizes))
  const dims = view.map(Number)
  let outer = dims.length
  while (outer > 0 && scaleView[outer - 1] === 1) outer--
  const length = sizeOf(dims.slice(outer))
  const strides = stridesOf(scaleView.map(Number)).map((stride, i) => (scaleView[i] === 1 ? 0 : stride))
  const index = dims.slice(0, outer).fill(0)
  const count = sizeOf(dims.slice(0, outer))
  let block = 0
  for (let run = 0; run < count; run++) {
    visit(run * length, (run + 1) * length, block)
    for (let axis = outer - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1
      block += strides[axis] ?? 0
      if ((index[axis] ?? 0) < (dims[axis] ?? 0)) break
      block -= (dims[axis] ?? 0) * (strides[axis] ?? 0)
      index[axis] = 0
    }
  }
}
