import { type DType, dtypeInfo } from './dtype.ts'
import { type Shape, sizeOf } from './shape.ts'

/**
 * A dense row-major array in the memory of the process: the only form in which tensor data enters or leaves lowbit.
 * `bytes` is little-endian; elements below eight bits are packed, low bits first, over the flattened array.
 */
export class HostArray {
  readonly dtype: DType
  readonly shape: Shape
  readonly bytes: Uint8Array

  /** @throws RangeError when `bytes` is not exactly as long as the shape and dtype need */
  constructor(dtype: DType, shape: Shape, bytes: Uint8Array) {
    const expected = byteLength(dtype, shape)
    if (bytes.byteLength !== expected) {
      throw new RangeError(
        `Cannot make a "${dtype}" array of shape [${shape.join(', ')}]: expected ${expected} bytes, got ${bytes.byteLength}`,
      )
    }
    this.dtype = dtype
    this.shape = shape
    this.bytes = bytes
  }
}

/** Bytes that an array of this dtype and shape occupies, sub-byte elements packed. */
export function byteLength(dtype: DType, shape: Shape): number {
  return Math.ceil((sizeOf(shape) * dtypeInfo(dtype).bits) / 8)
}
