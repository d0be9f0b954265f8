import type { Tensor } from '../../engine/tensor.ts'
import type { ExportRunner } from '../../formats/agreement.ts'
import { isFloating } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import type { InputSpec } from '../data/model-inputs.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { scriptMetric } from './script-metric.ts'

/** How good a model is. */
export interface Metric {
  /** What a person calls it. */
  readonly name: string
  /** The score of what a runner makes; more is better. */
  score(run: ExportRunner): Promise<number>
}

/** What a metric is of. */
export interface MetricRequest {
  /** `cosine`, `top1`, or the path of a module. */
  readonly metric: string
  /** Runs the float model. */
  readonly reference: ExportRunner
  readonly batches: readonly (readonly Tensor[])[]
  readonly inputs: readonly InputSpec[]
  readonly outputNames: readonly string[]
}

/** Compares an output of the float model with the same one of another: sums over what is compared, and how much that was. */
type Comparison = (expected: HostArray, got: HostArray) => { readonly sum: number; readonly count: number }

/**
 * Opens a metric: `cosine` is the mean of the cosines between the outputs for each sample, `top1` the share of places where the largest element along the last
 * axis is the same; of several outputs the worst counts. A module scores as it likes.
 * @throws CommandError for another name, or a module that exports no function
 */
export async function openMetric(request: MetricRequest): Promise<Metric> {
  const { metric } = request
  if (/\.[cm]?[jt]s$/.test(metric)) return scriptMetric(request)
  const compare = { cosine, top1 }[metric]
  if (compare === undefined)
    throw new CommandError(
      `Cannot use the metric "${metric}": expected cosine, top1 or the path of a module (.mjs, .js, .ts), got "${metric}"`,
      ExitCode.usage,
    )
  return comparedMetric(metric, compare, request)
}

async function comparedMetric(
  name: string,
  compare: Comparison,
  { reference, batches, outputNames }: MetricRequest,
): Promise<Metric> {
  const expected: (readonly HostArray[])[] = []
  for (const batch of batches) expected.push(await reference(batch))
  return {
    name,
    async score(run) {
      const sums = outputNames.map(() => ({ sum: 0, count: 0 }))
      for (const [i, batch] of batches.entries()) {
        const got = await run(batch)
        for (const [k, total] of sums.entries()) {
          const [theirs, own] = [expected[i]?.[k], got[k]]
          if (theirs === undefined || own === undefined || !isFloating(theirs.dtype)) continue
          const { sum, count } = compare(theirs, own)
          total.sum += sum
          total.count += count
        }
      }
      const scores = sums.filter(({ count }) => count > 0).map(({ sum, count }) => sum / count)
      if (scores.length > 0) return Math.min(...scores)
      throw new CommandError(
        `Cannot score with "${name}": expected an output of floats${name === 'top1' ? ' with several elements along its last axis' : ''}, got none`,
      )
    },
  }
}

/** The cosine between both for each sample, along the first axis. Nothing but zeros agrees with the same alone. */
function cosine(expected: HostArray, got: HostArray): { sum: number; count: number } {
  const [theirs, own] = [toFloat32(expected), toFloat32(got)]
  const rows = expected.shape.length > 1 ? (expected.shape[0] ?? 1) : Math.min(1, theirs.length)
  const width = rows === 0 ? 0 : theirs.length / rows
  let sum = 0
  for (let row = 0; row < rows; row++) {
    let [product, a, b] = [0, 0, 0]
    for (let i = row * width; i < (row + 1) * width; i++) {
      const [x, y] = [theirs[i] ?? 0, own[i] ?? 0]
      product += x * y
      a += x * x
      b += y * y
    }
    if (a === b && product === a) sum += 1
    else sum += a === 0 || b === 0 ? 0 : product / Math.sqrt(a * b)
  }
  return { sum, count: rows }
}

/** Places where the largest element along the last axis is the same; the first of several that are equal. */
function top1(expected: HostArray, got: HostArray): { sum: number; count: number } {
  const width = expected.shape.at(-1) ?? 1
  if (width < 2) return { sum: 0, count: 0 }
  const [theirs, own] = [toFloat32(expected), toFloat32(got)]
  const count = theirs.length / width
  let sum = 0
  for (let at = 0; at < theirs.length; at += width)
    if (largestAt(theirs, at, width) === largestAt(own, at, width)) sum++
  return { sum, count }
}

/** Offset of the largest element; -1 where one is not a number. */
function largestAt(values: Float32Array, start: number, width: number): number {
  let best = 0
  for (let i = 0; i < width; i++) {
    const value = values[start + i] ?? Number.NaN
    if (Number.isNaN(value)) return -1
    if (value > (values[start + best] ?? 0)) best = i
  }
  return best
}
