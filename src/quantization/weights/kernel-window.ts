import { WeightKernel } from './weight-kernel.ts'

/** Values that are in the kernel's memory at a time. */
const WINDOW = 2 ** 16
/** For shorter runs the kernel is no faster. */
const MIN_RUN = 16
const MAX_RUNS = WINDOW / MIN_RUN
/** Zero points are codes of some dtype; next to much larger ones the kernel would not round to whole steps. */
const MAX_ZERO_POINT = 2 ** 20

/** Quantizes runs of an array in the kernel, as many at a time as its memory holds. */
export interface KernelWindow {
  /**
   * Takes a run: clamp(round((value - minval) / scale) + zeroPoint) of each of its values, and 0 of NaN.
   * @returns false for a run that the caller has to quantize
   */
  add(start: number, end: number, scale: number, minval: number, zeroPoint: number): boolean
  /** Writes the codes of the runs that were taken last. */
  flush(): void
}

/** What all windows use: none lives longer than one call of a function that does not wait. Null without WebAssembly. */
let shared: WeightKernel | null | undefined

/** Makes a window from values to codes of 8 bits; undefined where there is no kernel. */
export function kernelWindow(
  values: Float32Array,
  codes: Uint8Array | Int8Array,
  quantMin: number,
  quantMax: number,
): KernelWindow | undefined {
  shared ??= WeightKernel.create() ?? null
  const kernel = shared
  const regions = kernel?.reserve([WINDOW * 4, MAX_RUNS * 4, MAX_RUNS * 4, MAX_RUNS * 4, WINDOW])
  if (!kernel || regions === undefined) return undefined
  const [input = 0, scales = 0, minvals = 0, zeroPoints = 0, output = 0] = regions
  const qparams = [kernel.floats(scales, MAX_RUNS), kernel.floats(minvals, MAX_RUNS)] as const
  const points = kernel.integers(zeroPoints, MAX_RUNS)
  // The runs that wait: neighbours of one length.
  let first = 0
  let length = 0
  let runs = 0

  function flush(): void {
    const count = runs * length
    if (kernel === null || count === 0) return
    kernel.floats(input, count).set(values.subarray(first, first + count))
    kernel.functions.quantizeRuns(
      input,
      runs,
      length,
      scales,
      minvals,
      zeroPoints,
      quantMin,
      quantMax,
      output,
    )
    codes.set(kernel.bytes(output, count), first)
    runs = 0
  }

  return {
    flush,
    add(start, end, scale, minval, zeroPoint) {
      if (end - start < MIN_RUN || Math.abs(zeroPoint) > MAX_ZERO_POINT) return false
      for (let at = start; at < end; at += WINDOW) {
        const piece = Math.min(WINDOW, end - at)
        const isNext = piece === length && at === first + runs * length && (runs + 1) * length <= WINDOW
        if (!isNext || runs === 0) {
          flush()
          first = at
          length = piece
        }
        qparams[0][runs] = scale
        qparams[1][runs] = minval
        points[runs] = zeroPoint
        runs++
      }
      return true
    },
  }
}
