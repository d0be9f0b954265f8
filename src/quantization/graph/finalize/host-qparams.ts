import type { Dims } from '../../../ir/dim.ts'
import type { QuantizedDivision } from '../../../ops/quantization/division.ts'
import { fromTypedArray } from '../../../tensor/from-typed-array.ts'
import { HostArray } from '../../../tensor/host-array.ts'
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts'
import { toFloat32 } from '../../../tensor/to-float32.ts'
import { toTypedArray } from '../../../tensor/to-typed-array.ts'
import type { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import type { Granularity } from '../../spec/granularity.ts'
import type { ArrayQParams } from '../../weights/quantize-array.ts'

/** What a fake quantizer has stored, on the host; each has as many dimensions as the tensor. */
export interface StoredQParams extends ArrayQParams {
  readonly zeroPoint: HostArray | null
  readonly minval: HostArray | null
}

/** Reads the stored qparams: only those that the formulation uses. */
export async function storedQParams(fakeQuantize: FakeQuantize): Promise<StoredQParams> {
  const { scale, zeroPoint, minval } = fakeQuantize.qparams()
  const usesMinval = fakeQuantize.spec.qformulation === 'minval'
  return {
    scale: await scale.array(),
    zeroPoint: usesMinval || zeroPoint === null ? null : await zeroPoint.array(),
    minval: usesMinval && minval !== null ? await minval.array() : null,
  }
}

/** Qparams of a tensor or of its channels without dimensions of one entry. */
export interface SqueezedQParams extends StoredQParams {
  /** The axis of the channels; null for one scale for the tensor. */
  readonly axis: number | null
}

/** Qparams of a whole tensor as scalars, and of channels as a vector along their axis. */
export function squeezedQParams(
  { scale, zeroPoint, minval }: StoredQParams,
  granularity: Granularity,
): SqueezedQParams {
  const isWhole = granularity.type === 'per_tensor'
  const divided = scale.shape.findIndex((count) => count !== 1)
  const axis = divided >= 0 || granularity.type !== 'per_channel' ? divided : (granularity.axis ?? 0)
  const shape = isWhole ? [] : [scale.shape.at(axis) ?? 1]
  const squeezed = (array: HostArray | null) => array && new HostArray(array.dtype, shape, array.bytes)
  return {
    axis: isWhole ? null : axis < 0 ? axis + scale.shape.length : axis,
    scale: new HostArray(scale.dtype, shape, scale.bytes),
    zeroPoint: squeezed(zeroPoint),
    minval: squeezed(minval),
  }
}

/** How qparams divide a tensor in ONNX's terms, and the shape that they have there. */
export interface LinearDivision extends QuantizedDivision {
  readonly shape: Shape
}

/**
 * ONNX's form of a division: one for the tensor, a vector along an axis, or blocks along one axis where every other index has its own. What is
 * divided along several axes keeps its shape.
 */
export function linearDivision(tensor: Dims, scale: Shape): LinearDivision {
  const divided = scale.flatMap((count, i) => (count === 1 ? [] : [i]))
  const split = divided.filter((i) => scale[i] !== tensor[i])
  const [axis] = split.length > 0 ? split : divided
  if (axis === undefined) return { axis: null, blockSize: null, shape: [] }
  if (divided.length === 1 && split.length === 0) return { axis, blockSize: null, shape: [scale[axis] ?? 1] }
  if (split.length !== 1) return { axis: null, blockSize: null, shape: scale }
  const shape = tensor.map((size, i) => (i === axis ? (scale[i] ?? 1) : Number(size)))
  return { axis, blockSize: Number(tensor[axis]) / (scale[axis] ?? 1), shape }
}

/** Qparams of one value for each block in the shape of a division: entries are repeated where the shape is wider. */
export function widened(qparams: HostArray, { shape }: LinearDivision): HostArray {
  const values = qparams.dtype === 'float32' ? toFloat32(qparams) : toTypedArray(qparams)
  if (sizeOf(shape) === values.length) return fromTypedArray(values, shape)
  const strides = stridesOf(qparams.shape).map((stride, i) => (qparams.shape[i] === 1 ? 0 : stride))
  const steps = stridesOf(shape)
  const wide =
    values instanceof Float32Array ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape))
  for (let i = 0; i < wide.length; i++) {
    const from = steps.reduce(
      (at, step, axis) => at + (Math.floor(i / step) % (shape[axis] ?? 1)) * (strides[axis] ?? 0),
      0,
    )
    wide[i] = Number(values[from])
  }
  return fromTypedArray(wide, shape)
}
