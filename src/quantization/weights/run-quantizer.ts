import { symmetricScaleOf } from '../../ops/quantization/range-to-qparams.ts'
import type { DType } from '../../tensor/dtype.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { codeBytes, type QuantizedRuns, quantizeRuns, type RunDType, runBounds } from './quantize-runs.ts'
import type { WeightKernel } from './weight-kernel.ts'

/** Sizes of the dtypes of values that are quantized. */
const SOURCE_BYTES = { float32: 4, float16: 2, bfloat16: 2 } as const

/** Dtypes of values that are quantized. */
export type SourceDType = keyof typeof SOURCE_BYTES

/** Whether a dtype is one of weights that are not quantized yet. */
export function isSourceDType(dtype: DType): dtype is SourceDType {
  return dtype in SOURCE_BYTES
}

/** What a run quantizer is made for. */
export interface RunLayout {
  readonly sourceDtype: SourceDType
  readonly dtype: RunDType
  readonly runLength: number
  /** The largest number of values at a time: whole runs. */
  readonly capacity: number
}

/** Quantizes values piece by piece as `quantizeRuns` does, in memory that each piece uses again. */
export interface RunQuantizer {
  /** Where the bytes of the next values go. */
  input(count: number): Uint8Array
  /**
   * Quantizes the values that are in the memory of `input`.
   * @returns views that last until the next piece; undefined when a value is infinite or NaN
   */
  quantize(count: number): QuantizedRuns | undefined
}

/** Makes what quantizes runs: with the kernel where one is given that has enough memory. What else used that kernel is over. */
export function runQuantizer(layout: RunLayout, kernel: WeightKernel | undefined): RunQuantizer {
  return (kernel && kernelRuns(layout, kernel)) ?? plainRuns(layout)
}

function plainRuns({ sourceDtype, dtype, runLength, capacity }: RunLayout): RunQuantizer {
  const source = new Uint8Array(capacity * SOURCE_BYTES[sourceDtype])
  const codes = new Uint8Array(codeBytes(dtype, capacity))
  const scales = new Float32Array(capacity / runLength)
  const input = (count: number) => source.subarray(0, count * SOURCE_BYTES[sourceDtype])
  return {
    input,
    quantize(count) {
      const values = toFloat32(new HostArray(sourceDtype, [count], input(count)))
      return quantizeRuns(values, runLength, dtype, {
        codes: codes.subarray(0, codeBytes(dtype, count)),
        scales: scales.subarray(0, count / runLength),
      })
    },
  }
}

function kernelRuns(
  { sourceDtype, dtype, runLength, capacity }: RunLayout,
  kernel: WeightKernel,
): RunQuantizer | undefined {
  const scaleBytes = (capacity / runLength) * 4
  const regions = kernel.reserve([capacity * 4, capacity, scaleBytes, scaleBytes])
  if (regions === undefined) return undefined
  const [values = 0, codes = 0, scales = 0, zeros = 0] = regions
  kernel.bytes(zeros, scaleBytes).fill(0)
  const { functions } = kernel
  const { quantMin, quantMax } = runBounds(dtype)
  const bytesEach = SOURCE_BYTES[sourceDtype]
  // Narrower values stand where the last of the wider ones will be: widening goes from the first to the last.
  const inputAt = (count: number) => values + count * (4 - bytesEach)
  return {
    input: (count) => kernel.bytes(inputAt(count), count * bytesEach),
    quantize(count) {
      const runs = count / runLength
      if (sourceDtype === 'float16') functions.widenFloat16(inputAt(count), count, values)
      if (sourceDtype === 'bfloat16') functions.widenBfloat16(inputAt(count), count, values)
      functions.largestMagnitudes(values, runs, runLength, scales)
      const ofRuns = kernel.floats(scales, runs)
      for (let run = 0; run < runs; run++) {
        const largest = ofRuns[run] ?? 0
        if (!(largest < Number.POSITIVE_INFINITY)) return undefined
        ofRuns[run] = symmetricScaleOf(largest, quantMin, quantMax)
      }
      functions.quantizeRuns(values, runs, runLength, scales, zeros, zeros, quantMin, quantMax, codes)
      if (dtype === 'int4') functions.packNibbles(codes, count, codes)
      return { codes: kernel.bytes(codes, codeBytes(dtype, count)), scales: ofRuns }
    },
  }
}
