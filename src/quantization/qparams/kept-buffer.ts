import type { Tensor } from '../../engine/tensor.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'

/** A buffer without elements: nothing has been observed. */
export function empty(dtype: DType): Buffer {
  return new Buffer(fromValues(dtype, [0], []))
}

/** The buffer with new content; another buffer where the old one had another type, as the empty one has. */
export function keep(buffer: Buffer, content: Tensor): Buffer {
  const same = buffer.dtype === content.dtype && buffer.shape.join() === content.shape.join()
  const target = same
    ? buffer
    : new Buffer(
        fromValues(
          content.dtype,
          content.shape,
          Array.from({ length: sizeOf(content.shape) }, () => 0),
        ),
      )
  target.assign(content)
  return target
}
