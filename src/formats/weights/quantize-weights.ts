import { refuseExisting, type WriteOptions } from '../../codec/atomic-file.ts'
import { type ByteSource, openSource } from '../../codec/byte-source.ts'
import { openSafetensorsHeader } from '../../codec/safetensors-header.ts'
import { writeOnnxWithData } from '../onnx/write-onnx.ts'
import { streamCodes, streamCopy } from './stream-weights.ts'
import { DATA_ALIGNMENT, placeWeights, weightModel } from './weight-model.ts'
import { type PlannedWeight, planWeights, type WeightLayout } from './weight-plan.ts'

/** How the weights of a file are quantized, and written. */
export interface QuantizeWeightsOptions extends WeightLayout, WriteOptions {
  /** Told after each tensor how many of how many are done. */
  readonly onProgress?: (done: number, total: number) => void
  /** Stops the work: nothing is written then. */
  readonly signal?: AbortSignal
}

/**
 * Quantizes the weights of a safetensors file, however large, into an ONNX model whose outputs are the dequantized tensors under their names, with the data in
 * `<target>.data` beside it. Each output channel, or each block of a row, has a symmetric range and a scale of its own. What is not quantized is copied. The
 * file is read piece by piece: only pieces and scales are in memory. Needs Node.
 *
 * @param source path of a safetensors file
 * @param target path of the model, which ends in `.onnx`
 * @throws FileError or FormatError for a source that cannot be read, FileError for a target that is there already
 * @throws RangeError for another ending, values that are not finite, or when there is nothing to quantize
 */
export async function quantizeWeights(
  source: string,
  target: string,
  options: QuantizeWeightsOptions = {},
): Promise<void> {
  if (!target.endsWith('.onnx'))
    throw new RangeError(`Cannot quantize weights into "${target}": expected the ending ".onnx", got another`)
  if (!options.overwrite) await refuseExisting(target)
  const file = await openSource(source)
  try {
    const { entries } = await openSafetensorsHeader(file)
    const plan = placeWeights(planWeights(entries, options))
    await writeOnnxWithData(
      target,
      { data: () => streamAll(file, plan, options), model: (dataName) => weightModel(plan, dataName) },
      options,
    )
  } finally {
    await file.close()
  }
}

async function* streamAll(
  file: ByteSource,
  plan: ReturnType<typeof placeWeights>,
  { onProgress, signal }: QuantizeWeightsOptions,
): AsyncGenerator<Uint8Array> {
  const done = { bytes: 0 }
  for (const [i, { weight }] of plan.entries()) {
    for await (const piece of pieces(file, weight)) {
      signal?.throwIfAborted()
      done.bytes += piece.byteLength
      yield piece
    }
    onProgress?.(i + 1, plan.length)
  }

  async function* pieces(source: ByteSource, weight: PlannedWeight): AsyncGenerator<Uint8Array> {
    yield padding()
    if (weight.quantized === null) {
      yield* streamCopy(source, weight)
      return
    }
    const scales = yield* streamCodes(source, weight, weight.quantized)
    yield padding()
    yield new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength)
  }

  function padding(): Uint8Array {
    return new Uint8Array((DATA_ALIGNMENT - (done.bytes % DATA_ALIGNMENT)) % DATA_ALIGNMENT)
  }
}
