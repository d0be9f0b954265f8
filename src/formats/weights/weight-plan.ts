import type { SafetensorsEntry } from '../../codec/safetensors-header.ts'
import { codeBytes, type RunDType } from '../../quantization/weights/quantize-runs.ts'
import { isSourceDType, type SourceDType } from '../../quantization/weights/run-quantizer.ts'

/** How the weights of a file are quantized. */
export interface WeightLayout {
  /** Default: `int8`. */
  readonly dtype?: 'int8' | 'int4'
  /** How many neighbours in a row of a matrix share a scale. Default: all that belong to one output channel, as in tensors of other ranks. */
  readonly blockSize?: number
  /** Which tensors are quantized. Default: all of float32, float16 and bfloat16 with at least two dimensions; others never are. */
  readonly select?: (name: string, shape: readonly number[]) => boolean
}

/** What becomes of a tensor of the file. */
export interface PlannedWeight {
  readonly entry: SafetensorsEntry
  /** How it is quantized; null for a tensor that is copied. */
  readonly quantized: PlannedRuns | null
}

/** Runs of values that share a scale. */
export interface PlannedRuns {
  readonly sourceDtype: SourceDType
  readonly dtype: RunDType
  readonly runLength: number
  /** Values in all. */
  readonly count: number
  readonly codeBytes: number
  /** The dimensions of the scales: those of the tensor with blocks in place of the last one, or the first one alone for whole rows. */
  readonly scaleShape: readonly number[]
  readonly blockSize: number | null
}

/**
 * Says for each tensor whether it is quantized, and how. One whose rows are no whole number of blocks is quantized by rows.
 * @throws RangeError for an impossible block size, or when no tensor is to be quantized
 */
export function planWeights(
  entries: readonly SafetensorsEntry[],
  { dtype = 'int8', blockSize, select = () => true }: WeightLayout,
): PlannedWeight[] {
  if (blockSize !== undefined && !(Number.isSafeInteger(blockSize) && blockSize > 0))
    throw new RangeError(`Cannot quantize weights: expected a block size of at least 1, got ${blockSize}`)
  const plan = entries.map((entry): PlannedWeight => {
    const { name, shape, dtype: sourceDtype } = entry
    const isWeight = isSourceDType(sourceDtype) && shape.length >= 2 && !shape.includes(0)
    if (!isWeight || !select(name, shape)) return { entry, quantized: null }
    return { entry, quantized: { sourceDtype, dtype, ...planRuns(shape, dtype, blockSize) } }
  })
  if (plan.some(({ quantized }) => quantized !== null)) return plan
  throw new RangeError(
    `Cannot quantize weights: expected at least one float tensor of two or more dimensions, got none among ${entries.length} tensors`,
  )
}

function planRuns(
  shape: readonly number[],
  dtype: RunDType,
  blockSize: number | undefined,
): Omit<PlannedRuns, 'sourceDtype' | 'dtype'> {
  const count = shape.reduce((product, size) => product * size, 1)
  const last = shape.at(-1) ?? 1
  const isBlocked = blockSize !== undefined && shape.length === 2 && last % blockSize === 0
  return {
    count,
    codeBytes: codeBytes(dtype, count),
    runLength: isBlocked ? blockSize : count / (shape[0] ?? 1),
    scaleShape: isBlocked ? [...shape.slice(0, -1), last / blockSize] : [shape[0] ?? 1],
    blockSize: isBlocked ? blockSize : null,
  }
}
