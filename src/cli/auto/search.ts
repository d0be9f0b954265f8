import { findPreset } from '../preset-names.ts'
import { type Candidate, hasFourBits } from './candidate.ts'

/** What came out of trying a candidate. */
export interface Trial {
  readonly candidate: Candidate
  /** Bytes of the file that was written for it. */
  readonly sizeBytes: number
  /** Score of that file; NaN where it could not be made or run. */
  readonly score: number
  /** How much worse that is than the float model's, in the units of the budget. */
  readonly drop: number
  readonly keepsDrop: boolean
  readonly keepsSize: boolean
  /** Why it could not be made or run. */
  readonly failure: string | null
}

/** What a search stands on. */
export interface SearchTools {
  /** About how large the file of a candidate would be, without making it; undefined where it would quantize nothing. */
  plannedBytes(candidate: Candidate): number | undefined
  tryOut(candidate: Candidate): Promise<Trial>
  /** Names of operations, the one that costs most when it is quantized as the candidate does first. */
  rank(candidate: Candidate): Promise<readonly string[]>
}

/** What a search is for. */
export interface SearchGoal {
  /** Names of presets. */
  readonly presets: readonly string[]
  /** Bytes above which a file is of no use; null where any is. */
  readonly maxSizeBytes: number | null
}

/** Ways to find ranges that are tried beside a preset's own, the cheapest first. */
const RANGES = ['percentile', 'histogram_mse', 'entropy']

/**
 * Looks for the smallest file that keeps the budget: presets from the smallest to the largest until one keeps the drop, other ranges of activations where it does not;
 * then, for those that failed and are smaller than what was found, with the most damaging operations spared: 1, 2, 4, and so on, and then as few as will do. Spared
 * operations get eight bits where four are too few; they stay float where eight are, too.
 * With a limit of the size the first file that keeps both is good enough.
 *
 * @returns all trials in order; the same ones whenever the tools give the same answers
 */
export async function searchCandidates(
  { presets, maxSizeBytes }: SearchGoal,
  tools: SearchTools,
): Promise<Trial[]> {
  const search = new Search(maxSizeBytes, tools)
  const bases = presets
    .map((preset): Candidate => ({ preset, range: null, spared: [], sparedAs: 'float' }))
    .flatMap((candidate) => {
      const bytes = tools.plannedBytes(candidate)
      return bytes === undefined ? [] : [{ candidate, bytes }]
    })
    .sort((a, b) => a.bytes - b.bytes)
  const failed: Candidate[] = []
  for (const { candidate } of bases) {
    const trial = await search.tryWithRanges(candidate)
    if (trial.keepsDrop) break
    if (trial.failure === null) failed.push(trial.candidate)
  }
  for (const candidate of failed) {
    if (search.isDone) break
    await search.trySparing(candidate)
  }
  return search.trials
}

/** The best of some trials: the smallest that keeps the budget; where none does, the one of the right size with the best score, else the smallest. */
export function bestTrial(trials: readonly Trial[]): Trial | undefined {
  const made = trials.filter(({ failure }) => failure === null)
  const keeping = made.filter(({ keepsDrop, keepsSize }) => keepsDrop && keepsSize)
  if (keeping.length > 0) return keeping.reduce((a, b) => (b.sizeBytes < a.sizeBytes ? b : a))
  const small = made.filter(({ keepsSize }) => keepsSize)
  if (small.length > 0) return small.reduce((a, b) => (b.drop < a.drop ? b : a))
  return made.length === 0 ? undefined : made.reduce((a, b) => (b.sizeBytes < a.sizeBytes ? b : a))
}

class Search {
  readonly trials: Trial[] = []
  readonly #maxSizeBytes: number | null
  readonly #tools: SearchTools

  constructor(maxSizeBytes: number | null, tools: SearchTools) {
    this.#maxSizeBytes = maxSizeBytes
    this.#tools = tools
  }

  /** Whether nothing better is wanted. */
  get isDone(): boolean {
    return this.#maxSizeBytes !== null && this.#found !== undefined
  }

  get #found(): Trial | undefined {
    const best = bestTrial(this.trials)
    return best?.keepsDrop && best.keepsSize ? best : undefined
  }

  async #tryOut(candidate: Candidate): Promise<Trial> {
    const trial = await this.#tools.tryOut(candidate)
    this.trials.push(trial)
    return trial
  }

  /** A candidate and, while it drops too much, the same with other ranges. @returns the one that drops least */
  async tryWithRanges(candidate: Candidate): Promise<Trial> {
    let best = await this.#tryOut(candidate)
    if (!findPreset(candidate.preset).needsData) return best
    for (const range of RANGES) {
      if (best.keepsDrop || best.failure !== null) break
      const trial = await this.#tryOut({ ...candidate, range })
      if (trial.failure === null && trial.drop < best.drop) best = trial
    }
    return best
  }

  /** The fewest operations that have to be spared, while that can still be smaller than what was found. */
  async trySparing(candidate: Candidate): Promise<void> {
    if (!this.#isWorthwhile(candidate)) return
    const ranking = await this.#tools.rank(candidate)
    const sparedAs = hasFourBits(candidate.preset) && !this.#hasFailed('w8') ? 'int8' : 'float'
    const spare = (count: number): Candidate => ({ ...candidate, spared: ranking.slice(0, count), sparedAs })
    let tooFew = 0
    let enough: number | undefined
    for (let count = 1; tooFew < ranking.length; count *= 2) {
      const next = Math.min(count, ranking.length)
      if (!this.#isWorthwhile(spare(next))) break
      if ((await this.#tryOut(spare(next))).keepsDrop) {
        enough = next
        break
      }
      tooFew = next
    }
    while (enough !== undefined && enough - tooFew > 1) {
      const middle = Math.floor((tooFew + enough) / 2)
      if ((await this.#tryOut(spare(middle))).keepsDrop) enough = middle
      else tooFew = middle
    }
  }

  /** Whether a preset as it is drops too much. */
  #hasFailed(preset: string): boolean {
    return this.trials.some(({ candidate, keepsDrop }) => candidate.preset === preset && !keepsDrop)
  }

  /** Whether a candidate quantizes anything, and its file would be of the right size and smaller than what was found. */
  #isWorthwhile(candidate: Candidate): boolean {
    const bytes = this.#tools.plannedBytes(candidate)
    const limit = Math.min(
      this.#found?.sizeBytes ?? Number.POSITIVE_INFINITY,
      this.#maxSizeBytes ?? Number.POSITIVE_INFINITY,
    )
    return bytes !== undefined && bytes < limit
  }
}
