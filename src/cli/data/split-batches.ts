import type { Logger } from '../../quantization/logger.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { formatSpec, type InputSpec, mismatch } from './model-inputs.ts'

/** What batches are taken from: one array for each input, in order. */
export interface BatchOrder {
  readonly inputs: readonly InputSpec[]
  readonly arrays: readonly HostArray[]
  /** Where the arrays come from, for messages. */
  readonly origin: string
  /** Samples to a batch where the model takes any number. */
  readonly batchSize: number
}

/**
 * Divides arrays into complete sets of inputs. An array of an input's rank has samples along its first axis, which are taken `batchSize` at a time, or as many
 * as the model wants; what does not fill a batch of a fixed size is left out with a warning. An array with one more axis has batches along the first. One
 * that is a whole input while others have many goes with each of them.
 * @throws CommandError for a shape that does not fit, or numbers of batches that differ
 */
export function splitBatches(
  { inputs, arrays, origin, batchSize }: BatchOrder,
  logger: Logger,
): HostArray[][] {
  const series = inputs.map((input, i) => {
    const array = arrays[i]
    if (array === undefined) throw mismatch(origin, input, 'nothing')
    return splitArray(array, input, origin, batchSize, logger)
  })
  const count = series.reduce((most, each) => Math.max(most, each.length), 0)
  series.forEach((each, i) => {
    const input = inputs[i]
    if (input !== undefined && each.length !== count && each.length !== 1)
      throw mismatch(origin, input, `${each.length} batches where another input has ${count}`)
  })
  return Array.from({ length: count }, (_, k) =>
    series.flatMap((each) => {
      const array = each.length === 1 ? each[0] : each[k]
      return array === undefined ? [] : [array]
    }),
  )
}

function splitArray(
  array: HostArray,
  input: InputSpec,
  origin: string,
  batchSize: number,
  logger: Logger,
): HostArray[] {
  const { shape } = array
  const rank = input.shape.length
  const fail = () => mismatch(origin, input, formatSpec(array), transposeHint(shape, input))
  const fits = (sizes: readonly number[], from: number) =>
    sizes.every((size, i) => typeof input.shape[i + from] === 'string' || input.shape[i + from] === size)
  if (shape.length === rank + 1) {
    if (!fits(shape.slice(1), 0)) throw fail()
    return slices(array, 1).map((each) => new HostArray(each.dtype, shape.slice(1), each.bytes))
  }
  if (shape.length === rank - 1 && fits(shape, 1) && input.shape[0] !== 0) {
    const wanted = input.shape[0]
    if (typeof wanted === 'string' || wanted === 1)
      return [new HostArray(array.dtype, [1, ...shape], array.bytes)]
  }
  if (shape.length !== rank || !fits(shape.slice(1), 1)) throw fail()
  if (rank === 0) return [array]
  const wanted = input.shape[0]
  if (typeof wanted === 'string' || wanted === undefined) return slices(array, batchSize)
  const batches = slices(array, wanted)
  const whole = batches.filter((batch) => batch.shape[0] === wanted)
  if (whole.length === 0) throw fail()
  const left = (shape[0] ?? 0) - whole.length * wanted
  if (left > 0)
    logger.warn(`${left} samples of "${origin}" do not fill a batch of ${wanted} and are left out`)
  return whole
}

/** Slices of `size` along the first axis; the last may be shorter. They share the memory of the array. */
function slices({ dtype, shape, bytes }: HostArray, size: number): HostArray[] {
  const [count = 0, ...rest] = shape
  const width = count === 0 ? 0 : bytes.byteLength / count
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const end = Math.min(count, (i + 1) * size)
    return new HostArray(dtype, [end - i * size, ...rest], bytes.subarray(i * size * width, end * width))
  })
}

/** Pictures whose channels stand at the other end are the most frequent mistake. */
function transposeHint(shape: readonly number[], input: InputSpec): string | undefined {
  if (shape.length !== 4 || input.shape.length !== 4 || sizeOf(shape) === 0) return undefined
  const [, a, b, c] = shape
  const fits = (sizes: readonly unknown[]) =>
    sizes.every((size, i) => typeof input.shape[i + 1] === 'string' || input.shape[i + 1] === size)
  if (fits([c, a, b])) return 'the channels stand last; the model takes them in front'
  return fits([b, c, a]) ? 'the channels stand in front; the model takes them last' : undefined
}
