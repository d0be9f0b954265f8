import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import { byteLength, HostArray } from '../tensor/host-array.ts'
import type { Shape } from '../tensor/shape.ts'

/** How a tensor lies in a storage; strides and offset count elements. */
export interface StridedLayout {
  readonly dtype: DType
  readonly shape: Shape
  readonly strides: readonly number[]
  readonly offset: number
}

/** Elements of a storage that a tensor reaches: one more than the place of its last. 0 for an empty tensor. */
export function reachOf({ shape, strides, offset }: StridedLayout): number {
  if (shape.includes(0)) return 0
  return shape.reduce((last, size, i) => last + (size - 1) * (strides[i] ?? 0), offset) + 1
}

/**
 * A tensor out of a storage's bytes, row-major. A view of the bytes where the tensor lies in them so.
 *
 * @param bytes as many as `reachOf` says, at least
 */
export function readStrided(bytes: Uint8Array, layout: StridedLayout): HostArray {
  const { dtype, shape, strides, offset } = layout
  const width = dtypeInfo(dtype).bits / 8
  const length = byteLength(dtype, shape)
  if (isContiguous(layout))
    return new HostArray(dtype, shape, bytes.subarray(offset * width, offset * width + length))
  const result = new Uint8Array(length)
  const position = shape.map(() => 0)
  let source = offset * width
  for (let target = 0; target < length; target += width) {
    for (let i = 0; i < width; i++) result[target + i] = bytes[source + i] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = (strides[axis] ?? 0) * width
      const next = (position[axis] ?? 0) + 1
      if (next < (shape[axis] ?? 0)) {
        position[axis] = next
        source += stride
        break
      }
      source -= (next - 1) * stride
      position[axis] = 0
    }
  }
  return new HostArray(dtype, shape, result)
}

function isContiguous({ shape, strides }: StridedLayout): boolean {
  if (shape.includes(0)) return true
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1
    if (size !== 1 && strides[axis] !== expected) return false
    expected *= size
  }
  return true
}
