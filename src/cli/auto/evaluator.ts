import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '../../engine/tensor.ts'
import type { Logger } from '../../quantization/logger.ts'
import { describeModel } from '../describe-model.ts'
import { describePlan } from '../describe-plan.ts'
import { ExitCode, exitCodeOf } from '../exit-code.ts'
import { measureSensitivity } from '../measure-sensitivity.ts'
import { openSession } from '../onnx-session.ts'
import type { OpenedModel } from '../open-model.ts'
import { planQuantization } from '../plan-quantization.ts'
import { findPreset } from '../preset-names.ts'
import { type PreparedForm, prepareModel } from '../quantize-model.ts'
import { sizeOnDisk, writeQuantized } from '../write-quantized.ts'
import { type Budget, dropOf } from './budget.ts'
import { type Candidate, type CandidateBase, candidateConfig, candidateLabel } from './candidate.ts'
import type { Journal } from './journal.ts'
import type { Metric } from './metric.ts'
import type { SearchTools, Trial } from './search.ts'

/** What candidates are tried with. */
export interface EvaluatorParts {
  readonly opened: OpenedModel
  readonly base: CandidateBase
  /** What ranges are found with. */
  readonly calibration: readonly (readonly Tensor[])[]
  /** What operations are ranked with. */
  readonly ranking: readonly (readonly Tensor[])[]
  readonly metric: Metric
  readonly floatScore: number
  readonly budget: Budget
  readonly journal: Journal
  /** Where candidates are written; a folder of its own. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Tells what is being done. */
  readonly onStep: (label: string) => StepListener
}

/** Hears how a step goes. */
export interface StepListener {
  update(done: number, total?: number): void
  end(detail?: string): void
}

/** What the journal keeps of a trial: it does not depend on the budget. */
interface Outcome {
  readonly sizeBytes: number
  readonly score: number | null
  readonly failure: string | null
}

const SILENT: Logger = { warn: () => undefined }

/** Tries candidates by making their files and running them as their user will; what was tried before is taken from the journal. */
export class Evaluator implements SearchTools {
  readonly #parts: EvaluatorParts
  readonly #stateBytes: number
  readonly #planned = new Map<string, number | undefined>()

  constructor(parts: EvaluatorParts) {
    this.#parts = parts
    this.#stateBytes = describeModel(parts.opened.model).stateBytes
  }

  plannedBytes(candidate: Candidate): number | undefined {
    const key = JSON.stringify(candidate)
    if (!this.#planned.has(key)) this.#planned.set(key, this.#plan(candidate))
    return this.#planned.get(key)
  }

  #plan(candidate: Candidate): number | undefined {
    const { opened, base } = this.#parts
    const config = candidateConfig(candidate, base)
    const { quantized, weights } = describePlan(opened.model, planQuantization(opened.model, config, SILENT))
    if (quantized.length === 0) return undefined
    return this.#stateBytes - weights.bytesBefore + weights.bytesAfter
  }

  async tryOut(candidate: Candidate): Promise<Trial> {
    const { journal, floatScore, budget } = this.#parts
    const name = `try ${JSON.stringify(candidate)}`
    const { sizeBytes, score, failure } = readOutcome(
      await journal.resultOf(name, () => this.#outcomeOf(candidate)),
    )
    const drop = score === null ? Number.NaN : dropOf(budget.maxDrop, floatScore, score)
    return {
      candidate,
      sizeBytes,
      score: score ?? Number.NaN,
      drop,
      keepsDrop: drop <= budget.maxDrop.amount,
      keepsSize: failure === null && sizeBytes <= (budget.maxSizeBytes ?? Number.POSITIVE_INFINITY),
      failure,
    }
  }

  async rank(candidate: Candidate): Promise<readonly string[]> {
    const ranked = await this.#parts.journal.resultOf(`rank ${JSON.stringify(candidate)}`, () =>
      this.#sensitivities(candidate),
    )
    return Array.isArray(ranked) ? ranked.map(String) : []
  }

  async #outcomeOf(candidate: Candidate): Promise<Outcome> {
    const { opened, folder, signal, onStep } = this.#parts
    const step = onStep(`trying ${candidateLabel(candidate)}`)
    try {
      await mkdir(folder, { recursive: true })
      const form = await this.#prepare(candidate, step)
      const path = join(folder, 'candidate.onnx')
      const float16 = findPreset(candidate.preset).isHalf === true
      await writeQuantized({ form, opened, target: path, options: { float16 }, signal })
      const score = await this.#score(path)
      const outcome = { sizeBytes: await sizeOnDisk(path), ...score }
      step.end(outcome.failure ?? `score ${outcome.score?.toFixed(5)}`)
      return outcome
    } catch (error) {
      if (signal.aborted || exitCodeOf(error) === ExitCode.internal) throw error
      const [failure = ''] = String(error instanceof Error ? error.message : error).split('\n')
      step.end(failure)
      return { sizeBytes: 0, score: null, failure }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #score(path: string): Promise<Pick<Outcome, 'score' | 'failure'>> {
    const { metric, signal } = this.#parts
    const session = await openSession(path)
    try {
      const score = await metric.score((inputs) => {
        signal.throwIfAborted()
        return session.run(inputs)
      })
      if (Number.isFinite(score)) return { score, failure: null }
      return { score: null, failure: `its score is ${score}` }
    } finally {
      await session.release()
    }
  }

  async #sensitivities(candidate: Candidate): Promise<readonly string[]> {
    const { opened, ranking, signal, onStep } = this.#parts
    const step = onStep(`ranking the operations of ${candidateLabel(candidate)}`)
    const form = await this.#prepare(candidate, step)
    const measured = await measureSensitivity({
      model: opened.model,
      form,
      batches: ranking,
      signal,
      onProgress: (done, total) => step.update(done, total),
    })
    step.end(`${measured.length} operations`)
    return measured.map(({ name }) => name)
  }

  #prepare(candidate: Candidate, step: StepListener): Promise<PreparedForm> {
    const { opened, base, calibration, signal } = this.#parts
    return prepareModel({
      model: opened.model,
      config: candidateConfig(candidate, base),
      origin: candidateLabel(candidate),
      batches: calibration,
      logger: SILENT,
      signal,
      onProgress: (done, total) => step.update(done, total),
    })
  }
}

/** An outcome as the journal has it. */
function readOutcome(value: unknown): Outcome {
  const { sizeBytes, score, failure }: Record<string, unknown> = Object(value)
  return {
    sizeBytes: typeof sizeBytes === 'number' ? sizeBytes : 0,
    score: typeof score === 'number' ? score : null,
    failure: typeof failure === 'string' ? failure : typeof score === 'number' ? null : 'it has no score',
  }
}
