import type { Tensor } from '../../engine/tensor.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { byteLength, HostArray } from '../../tensor/host-array.ts'

/** A buffer without elements: nothing has been observed. */
export function empty(dtype: DType): Buffer {
  return new Buffer(fromValues(dtype, [0], []))
}

/** The buffer with new content; another buffer where the old one had another type, as the empty one has. */
export function keep(buffer: Buffer, content: Tensor): Buffer {
  const { dtype, shape } = content
  const isSame = buffer.dtype === dtype && buffer.shape.join() === shape.join()
  const zeros = () => new HostArray(dtype, shape, new Uint8Array(byteLength(dtype, shape)))
  const target = isSame ? buffer : new Buffer(zeros())
  target.assign(content)
  return target
}
