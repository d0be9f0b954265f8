import { readFileSync } from 'node:fs'
import type { Agreement } from '../../formats/agreement.ts'
import type { PlanDescription } from '../describe-plan.ts'
import type { MeasuredWay } from '../measure-quantized.ts'
import type { Runtime } from '../onnx-session.ts'

/** Signal to noise above which nobody sees what a way to run a file adds. */
const UNSEEN_DB = 40
/** Below it a way computes something else, whatever quantization has cost before. */
const LOST_DB = 10

/** Which ways to run a file compute what it means. */
export interface Safety {
  /** Whether the file may be run either way, or only with graph optimizations disabled, or only with them, or in none; on all runtimes. */
  readonly safeWith: 'both' | 'plain' | 'optimized' | 'neither'
  readonly ways: readonly WaySafety[]
  /** What this processor multiplies bytes with: `vnni`, `none`, or `unknown`. Without it, sums of products of bytes saturate at 16 bits. */
  readonly dotProduct: DotProduct
  /** Whether the file has such products, so that a processor without these instructions may compute otherwise than this one. */
  readonly maySaturate: boolean
  /** The same in a sentence. */
  readonly text: string
}

/** Whether a way computes what a file means. */
export interface WaySafety {
  readonly runtime: Runtime
  readonly optimized: boolean
  readonly isSafe: boolean
  /** Signal to noise of the output that is farthest from what was calibrated. */
  readonly sqnrDb: number
}

type DotProduct = 'vnni' | 'none' | 'unknown'

/**
 * Says which ways to run a file are safe: those that add less noise to what was calibrated than quantization itself has brought in, or less than anybody sees.
 * @param prepared what was calibrated, against the float model
 */
export function safetyOf(
  prepared: readonly Agreement[],
  ways: readonly MeasuredWay[],
  plan: PlanDescription,
  dotProduct: DotProduct = findDotProduct(),
): Safety {
  const judged = ways.map(({ runtime, optimized, againstPrepared }): WaySafety => {
    const isSafe = againstPrepared.every(
      ({ sqnrDb }, i) => sqnrDb >= neededDb(prepared[i]?.sqnrDb ?? UNSEEN_DB),
    )
    return { runtime, optimized, isSafe, sqnrDb: Math.min(...againstPrepared.map((each) => each.sqnrDb)) }
  })
  const isSafe = (wanted: boolean) => judged.every(({ optimized, isSafe }) => optimized !== wanted || isSafe)
  const [plain, optimized] = [isSafe(false), isSafe(true)]
  const safeWith = plain && optimized ? 'both' : plain ? 'plain' : optimized ? 'optimized' : 'neither'
  const maySaturate = plan.quantized.some(({ weight, input }) => isWideByte(weight) && isByte(input))
  const loss = Math.min(...prepared.map(({ sqnrDb }) => sqnrDb))
  return {
    safeWith,
    ways: judged,
    dotProduct,
    maySaturate,
    text: textOf(judged, loss, dotProduct, maySaturate),
  }
}

function neededDb(quantizationDb: number): number {
  return Math.min(Math.max(quantizationDb, LOST_DB), UNSEEN_DB)
}

function isByte(spec: string | null): boolean {
  return /^u?int8\b/.test(spec ?? '')
}

/** Products with weights that keep to half of their range fit 16 bits, two at a time. */
function isWideByte(spec: string | null): boolean {
  return isByte(spec) && !spec?.includes('reduced')
}

function textOf(
  ways: readonly WaySafety[],
  loss: number,
  dotProduct: DotProduct,
  maySaturate: boolean,
): string {
  const unsafe = ways.filter(({ isSafe }) => !isSafe)
  if (unsafe.length > 0) {
    const wrong = unsafe.map((way) => `${nameOf(way)} (${Math.round(way.sqnrDb)} dB)`).join(', ')
    const right = safeNames(ways)
    const rest = right.length === 0 ? 'Safe in no way' : `Safe ${right.join(' and ')}`
    return `Unsafe ${wrong}, against what was calibrated: quantization itself leaves ${Math.round(loss)} dB. ${rest}, as measured on this machine`
  }
  const runtimes = [...new Set(ways.map(({ runtime }) => runtime))].join(' and ')
  const here = `Safe with graph optimizations and without, on ${runtimes}, as measured on this machine`
  if (!maySaturate || dotProduct === 'none') return here
  return `${here}; its integer products may saturate on processors without VNNI, which --reduce-range prevents`
}

/** What is safe: runtimes either way, or ways. */
function safeNames(ways: readonly WaySafety[]): string[] {
  const runtimes = [...new Set(ways.map(({ runtime }) => runtime))]
  return runtimes.flatMap((runtime) => {
    const own = ways.filter((way) => way.runtime === runtime)
    return own.every(({ isSafe }) => isSafe)
      ? [`on ${runtime}`]
      : own.filter(({ isSafe }) => isSafe).map(nameOf)
  })
}

function nameOf({ runtime, optimized }: WaySafety): string {
  return `${optimized ? 'with' : 'without'} graph optimizations on ${runtime}`
}

/** What Linux says of the processor; elsewhere nothing is known. */
function findDotProduct(): DotProduct {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
    if (flags === undefined) return 'unknown'
    return /\bavx(512)?_vnni\b/.test(flags) ? 'vnni' : 'none'
  } catch {
    return 'unknown'
  }
}
