import { readFileSync } from 'node:fs'
import type { Agreement } from '../../formats/agreement.ts'
import type { PlanDescription } from '../describe-plan.ts'

/** Decibels that fused operations may cost before they count as wrong, and signal to noise above which nobody sees it. */
const TOLERATED_DB = 6
const UNSEEN_DB = 40

/** Whether the runtime's graph optimizations, which fuse quantized operations into integer kernels, leave a file right. */
export interface Safety {
  /** How the file may be run on a machine like this one: either way, or only with graph optimizations disabled. */
  readonly safeWith: 'both' | 'plain'
  /** What this processor multiplies bytes with: `vnni`, `none`, or `unknown`. Without it, sums of products of uint8 and int8 saturate at 16 bits. */
  readonly dotProduct: DotProduct
  /** Whether the file has such products, so that a processor without these instructions may compute otherwise than this one. */
  readonly maySaturate: boolean
  /** The same in a sentence. */
  readonly text: string
}

type DotProduct = 'vnni' | 'none' | 'unknown'

/**
 * What was measured of a file with graph optimizations and without, in words.
 * @param plain the file without optimizations, against the float model
 * @param optimized the file with them, against the float model
 */
export function safetyOf(
  plain: readonly Agreement[],
  optimized: readonly Agreement[],
  plan: PlanDescription,
  dotProduct: DotProduct = findDotProduct(),
): Safety {
  const isHarmed = plain.some(({ sqnrDb }, i) => {
    const fused = optimized[i]?.sqnrDb ?? sqnrDb
    return Math.min(sqnrDb, UNSEEN_DB) - fused > TOLERATED_DB
  })
  const maySaturate = plan.quantized.some(
    ({ weight, input }) => weight?.startsWith('int8') === true && input?.startsWith('uint8') === true,
  )
  const safeWith = isHarmed ? 'plain' : 'both'
  return { safeWith, dotProduct, maySaturate, text: textOf(safeWith, dotProduct, maySaturate) }
}

function textOf(safeWith: Safety['safeWith'], dotProduct: DotProduct, maySaturate: boolean): string {
  if (safeWith === 'plain')
    return 'Safe without graph optimizations only: with them, this machine computes otherwise than the plain operations do'
  const here = 'Safe with graph optimizations and without, as measured on this machine'
  if (!maySaturate || dotProduct === 'none') return here
  return `${here}; its uint8 activations may saturate on processors without VNNI, which int8 activations (--preset w8a8) do not`
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
