import { hostArrayOf, type TensorData } from '../engine/tensor-data.ts'
import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import { HostArray } from '../tensor/host-array.ts'
import { ShapeError } from '../tensor/shape-error.ts'

/** One part of a sample: an image, a label. */
export type SamplePart = TensorData | HostArray

/** The parts of one sample, as host arrays. */
export function partsOf(sample: readonly SamplePart[], dtypes: readonly (DType | undefined)[]): HostArray[] {
  return sample.map((part, i) => (part instanceof HostArray ? part : hostArrayOf(part, undefined, dtypes[i])))
}

/**
 * Puts samples together: one array for each part, with a dimension for the samples in front.
 *
 * @param first what all samples of the epoch have to look like
 * @param batch number of the batch, for messages
 * @throws ShapeError when a sample differs in its number of parts, their shapes or dtypes
 */
export function stackSamples(
  samples: readonly (readonly HostArray[])[],
  first: readonly HostArray[],
  batch: number,
): HostArray[] {
  const expected = describe(first)
  for (const [i, sample] of samples.entries()) {
    const got = describe(sample)
    if (got === expected) continue
    throw new ShapeError(
      `Cannot make batch ${batch}: expected samples of ${expected}, got ${got} (sample ${i} of the batch)`,
    )
  }
  return first.map(({ dtype, shape }, part) => {
    const { bits } = dtypeInfo(dtype)
    if (bits < 8)
      throw new TypeError(`Cannot make batch ${batch}: expected a dtype of whole bytes, got ${dtype}`)
    const parts = samples.map((sample) => sample[part]?.bytes ?? new Uint8Array())
    return new HostArray(dtype, [samples.length, ...shape], concatenate(parts))
  })
}

/**
 * Checks a batch that a dataset has put together.
 * @throws ShapeError when it does not hold `count` samples that look like those of the first batch
 */
export function checkBatch(
  arrays: readonly HostArray[],
  first: readonly HostArray[],
  count: number,
  batch: number,
): void {
  const expected = describe(first.map(({ dtype, shape }) => ({ dtype, shape: [count, ...shape.slice(1)] })))
  const got = describe(arrays)
  if (got !== expected) throw new ShapeError(`Cannot make batch ${batch}: expected ${expected}, got ${got}`)
}

function describe(sample: readonly Pick<HostArray, 'dtype' | 'shape'>[]): string {
  return sample.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`).join(' and ')
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  return bytes
}
