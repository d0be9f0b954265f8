import { rm } from 'node:fs/promises'
import type { ExportRunner } from '../../formats/agreement.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { CommandError } from '../exit-code.ts'
import { openRunner } from '../open-runner.ts'
import type { Budget } from './budget.ts'
import { Evaluator } from './evaluator.ts'
import type { Journal } from './journal.ts'
import { type Metric, openMetric } from './metric.ts'
import { bestTrial, searchCandidates, type Trial } from './search.ts'
import type { SearchInputs } from './search-inputs.ts'

/** Batches that operations are ranked with: their order hardly changes with more. */
const RANKING_BATCHES = 2

/** What a search is for, and where it keeps what it found out. */
export interface SearchPlan {
  readonly budget: Budget
  readonly presets: readonly string[]
  readonly journal: Journal
  /** Where candidates are written; removed afterwards, and before, where a kill has left it. */
  readonly folder: string
}

/** What a search came to. */
export interface SearchResult {
  readonly trials: readonly Trial[]
  readonly best: Trial | undefined
  /** Whether the best one keeps the budget. */
  readonly isFound: boolean
  readonly floatScore: number
}

/** Searches for the smallest file that keeps a budget. */
export async function runSearch(
  inputs: SearchInputs,
  { budget, presets, journal, folder }: SearchPlan,
  { output, signal }: CommandContext,
): Promise<SearchResult> {
  const { opened, base, calibration, evaluation: batches, outputNames } = inputs
  const reference = await openRunner(opened.path, {}, output)
  try {
    await rm(folder, { recursive: true, force: true })
    const metric = await openMetric({
      metric: inputs.metric,
      reference: reference.run,
      batches,
      inputs: inputsOf(opened.model),
      outputNames,
    })
    signal.throwIfAborted()
    const floatScore = await floatScoreOf(metric, reference.run, journal)
    const evaluator = new Evaluator({
      opened,
      base,
      calibration,
      ranking: batches.slice(0, RANKING_BATCHES),
      metric,
      floatScore,
      budget,
      journal,
      folder,
      signal,
      onStep: (label) => output.stage(label),
    })
    const { maxSizeBytes } = budget
    const trials = await searchCandidates({ presets, maxSizeBytes }, evaluator)
    const best = bestTrial(trials)
    return { trials, best, isFound: best?.keepsDrop === true && best.keepsSize, floatScore }
  } finally {
    await reference.release()
    await rm(folder, { recursive: true, force: true })
  }
}

async function floatScoreOf(metric: Metric, run: ExportRunner, journal: Journal): Promise<number> {
  const score = await journal.resultOf('float', () => metric.score(run))
  if (typeof score === 'number' && Number.isFinite(score)) return score
  throw new CommandError(
    `Cannot score with "${metric.name}": expected a finite number for the float model, got ${score}`,
  )
}
