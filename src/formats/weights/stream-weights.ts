import type { ByteSource } from '../../codec/byte-source.ts'
import { codeBytes, quantizeRuns } from '../../quantization/weights/quantize-runs.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import type { PlannedRuns, PlannedWeight } from './weight-plan.ts'

/** How many values are in memory at a time, about. */
const CHUNK_VALUES = 2 ** 21
const COPIED_BYTES = 2 ** 23

/**
 * The codes of a weight, piece by piece, while the file is read: nothing of the size of the tensor is in memory but its scales, which the generator returns. The
 * memory of a piece is used again for the next one.
 *
 * @throws RangeError for infinite values and NaN, which no scale can stand for
 */
export async function* streamCodes(
  source: ByteSource,
  { entry }: PlannedWeight,
  runs: PlannedRuns,
): AsyncGenerator<Uint8Array, Float32Array> {
  const { dtype, runLength, count } = runs
  const bytesEach = dtypeInfo(entry.dtype).bits / 8
  const scales = new Float32Array(count / runLength)
  const step = chunkLength(runs)
  const codes = new Uint8Array(codeBytes(dtype, step))
  // Two chunks: one is read while the other is quantized.
  const chunks = [new Uint8Array(step * bytesEach), new Uint8Array(step * bytesEach)] as const
  const read = (start: number, chunk: Uint8Array) => {
    const bytes = chunk.subarray(0, Math.min(step, count - start) * bytesEach)
    return source.readInto(entry.begin + start * bytesEach, bytes).then(() => bytes)
  }
  let [current, other] = chunks
  let reading = read(0, current)
  for (let start = 0; start < count; start += step) {
    const bytes = await reading
    const following = other
    other = current
    current = following
    if (start + step < count) reading = read(start + step, current)
    const values = toFloat32(new HostArray(entry.dtype, [bytes.byteLength / bytesEach], bytes))
    const first = start / runLength
    const into = {
      codes: codes.subarray(0, codeBytes(dtype, values.length)),
      scales: scales.subarray(first, first + values.length / runLength),
    }
    if (quantizeRuns(values, runLength, dtype, into) === undefined) {
      await reading.catch(() => undefined)
      throw new RangeError(
        `Cannot quantize "${entry.name}": expected finite values, got an infinite one or NaN`,
      )
    }
    yield into.codes
  }
  return scales
}

/** Whole runs, and whole bytes of codes at each end. */
function chunkLength({ runLength, count, dtype }: PlannedRuns): number {
  const unit = dtype === 'int4' && runLength % 2 === 1 ? 2 * runLength : runLength
  return Math.min(count, Math.max(1, Math.floor(CHUNK_VALUES / unit)) * unit)
}

/** A tensor's bytes as they are, piece by piece. */
export async function* streamCopy(source: ByteSource, { entry }: PlannedWeight): AsyncGenerator<Uint8Array> {
  for (let at = entry.begin; at < entry.end; at += COPIED_BYTES)
    yield await source.read(at, Math.min(COPIED_BYTES, entry.end - at))
}
