import { refuseExisting, type WriteOptions } from '../../codec/atomic-file.ts'
import { openSource } from '../../codec/byte-source.ts'
import { openSafetensorsHeader, type SafetensorsHeader } from '../../codec/safetensors-header.ts'
import { writeOnnxWithData } from '../onnx/write-onnx.ts'
import { type PlacedWeight, placeWeights, weightModel } from './weight-model.ts'
import { type WeightPart, weightParts } from './weight-parts.ts'
import { planWeights, type WeightLayout } from './weight-plan.ts'

/** Of weights, for each thread: what is smaller is done before another thread has started. */
const BYTES_PER_THREAD = 2 ** 28
const MAX_USUAL_THREADS = 4

/** How the weights of a file are quantized, and written. */
export interface QuantizeWeightsOptions extends WeightLayout, WriteOptions {
  /** How many threads work; one is the caller's own. Default: one for each 256 MiB of weights, at most four, and no more than the processor runs at a time. */
  readonly threads?: number
  /** Told after each tensor how many of how many are done. */
  readonly onProgress?: (done: number, total: number) => void
  /** Stops the work: nothing is written then. */
  readonly signal?: AbortSignal
}

/**
 * Quantizes the weights of a safetensors file, however large, into an ONNX model whose outputs are the dequantized tensors under their names, with the data in
 * `<target>.data` beside it. Each output channel, or each block of a row, has a symmetric range and a scale of its own. What is not quantized is copied. The
 * file is read piece by piece: only pieces are in memory. Needs Node.
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
  const { threads } = options
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads > 0))
    throw new RangeError(`Cannot quantize weights: expected at least one thread, got ${threads}`)
  if (!options.overwrite) await refuseExisting(target)
  const { entries } = await headerOf(source)
  const plan = placeWeights(planWeights(entries, options))
  const work = {
    threads: threads ?? (await usualThreads(plan)),
    onPart: countTensors(plan, options.onProgress),
    signal: options.signal,
  }
  const { writeWeights } = await import('./weight-threads.ts')
  const data = () => (path: string) => writeWeights({ source, target: path, targetName: target }, plan, work)
  await writeOnnxWithData(target, { data, model: (dataName) => weightModel(plan, dataName) }, options)
}

async function headerOf(path: string): Promise<SafetensorsHeader> {
  const source = await openSource(path)
  try {
    return await openSafetensorsHeader(source)
  } finally {
    await source.close()
  }
}

/** Counts the tensors whose parts are all done; those without parts are from the start. */
function countTensors(
  plan: readonly PlacedWeight[],
  onProgress: QuantizeWeightsOptions['onProgress'],
): (part: WeightPart) => void {
  const left = new Map<PlacedWeight, number>()
  for (const { placed } of weightParts(plan)) left.set(placed, (left.get(placed) ?? 0) + 1)
  let done = plan.length - left.size
  return ({ placed }) => {
    const rest = (left.get(placed) ?? 0) - 1
    left.set(placed, rest)
    if (rest === 0) onProgress?.(++done, plan.length)
  }
}

async function usualThreads(plan: readonly PlacedWeight[]): Promise<number> {
  const { availableParallelism } = await import('node:os')
  const sizeBytes = plan.reduce((sum, { weight: { entry } }) => sum + entry.end - entry.begin, 0)
  return Math.max(
    1,
    Math.min(Math.floor(sizeBytes / BYTES_PER_THREAD), MAX_USUAL_THREADS, availableParallelism()),
  )
}
