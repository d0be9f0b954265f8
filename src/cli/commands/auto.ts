import { rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { refuseExisting, removeLeftovers, writeFileAtomic } from '../../codec/atomic-file.ts'
import { ExportBackend } from '../../quantization/config/execution-mode.ts'
import { describeBudget, printTrials } from '../auto/auto-table.ts'
import type { Budget } from '../auto/budget.ts'
import { candidateConfig, candidateLabel } from '../auto/candidate.ts'
import { chosenYaml } from '../auto/chosen-yaml.ts'
import { Journal } from '../auto/journal.ts'
import { runSearch, type SearchResult } from '../auto/run-search.ts'
import type { Trial } from '../auto/search.ts'
import { readSearchInputs, type SearchInputs } from '../auto/search-inputs.ts'
import { searchKey } from '../auto/search-key.ts'
import type { CommandContext } from '../command-context.ts'
import { describePlan } from '../describe-plan.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { planQuantization } from '../plan-quantization.ts'
import { findPreset } from '../preset-names.ts'
import { quantizeToFile } from '../quantize-to-file.ts'
import { printSummary } from '../report/summary.ts'
import { formatBytes } from '../text-table.ts'
import type { AutoOptions } from './auto-options.ts'

/** Files of one search. */
interface AutoPaths {
  readonly model: string
  readonly config: string
  readonly output: string | undefined
  readonly journal: string
}

/** Name under which the journal keeps that results are being written: after it, what is there may be half of them. */
const WRITING = 'write'

/** Runs `lowbit auto`. */
export async function auto(path: string, options: AutoOptions, context: CommandContext): Promise<ExitCode> {
  const { output, signal } = context
  const paths = pathsOf(path, options)
  if (!options.resume) await refuseTargets(paths, options)
  const inputs = await readSearchInputs(path, options, output)
  const journal = await Journal.open(paths.journal, await searchKey(inputs), {
    resume: options.resume === true,
    force: options.force === true,
  })
  const mayReplace = options.force === true || journal.has(WRITING)
  const budget: Budget = { maxDrop: options.maxDrop, maxSizeBytes: options.maxSize ?? null }
  try {
    if (options.resume && !mayReplace) await refuseTargets(paths, options)
    if (journal.has(WRITING))
      for (const each of [paths.config, paths.output ?? '']) await removeLeftovers(each)
    if (journal.size > 0) output.note(`going on with ${journal.size} results of ${paths.journal}`)
    const folder = `${paths.journal}.tmp`
    const result = await runSearch(inputs, { budget, presets: options.presets, journal, folder }, context)
    await journal.resultOf(WRITING, async () => true)
    await finish(result, { inputs, budget, paths, options, mayReplace }, context)
    await journal.close()
    if (result.isFound) await rm(paths.journal, { force: true })
    return result.isFound ? ExitCode.ok : ExitCode.failedCheck
  } catch (error) {
    await journal.close()
    if (signal.aborted)
      output.note(`--resume goes on from here: ${journal.size} results are in ${paths.journal}`)
    throw error
  }
}

/** What is written and told at the end. */
interface Ending {
  readonly inputs: SearchInputs
  readonly budget: Budget
  readonly paths: AutoPaths
  readonly options: AutoOptions
  readonly mayReplace: boolean
}

async function finish(result: SearchResult, ending: Ending, context: CommandContext): Promise<void> {
  const { output, signal } = context
  const { trials, best, isFound, floatScore } = result
  const { inputs, budget, paths, mayReplace } = ending
  const { opened } = inputs
  printTrials(output, trials, best, budget, { score: floatScore, sizeBytes: opened.sizeBytes })
  output.print()
  if (best !== undefined) {
    signal.throwIfAborted()
    if (isFound && paths.output !== undefined) await writeModel(best, paths.output, ending, context)
    const config = candidateConfig(best.candidate, inputs.base)
    const { metric, isRandom } = inputs
    const yaml = chosenYaml(best, config, { modelPath: paths.model, metric, floatScore, budget, isRandom })
    await writeFileAtomic(paths.config, new TextEncoder().encode(yaml), { overwrite: mayReplace })
  }
  printVerdict(output, result, ending)
  output.json({
    found: isFound,
    chosen: best === undefined ? null : asJson(best),
    budget,
    metric: inputs.metric,
    float: { score: floatScore, sizeBytes: opened.sizeBytes },
    tried: trials.map(asJson),
    isRandom: inputs.isRandom,
    config: best === undefined ? null : paths.config,
    output: isFound ? (paths.output ?? null) : null,
    ...(isFound ? {} : { journal: paths.journal }),
    warnings: output.warnings,
  })
}

async function writeModel(
  { candidate }: Trial,
  target: string,
  { inputs: { opened, base, data }, paths, options, mayReplace }: Ending,
  context: CommandContext,
): Promise<void> {
  const config = candidateConfig(candidate, base)
  const float16 = findPreset(candidate.preset).isHalf === true
  const report = await quantizeToFile({
    opened,
    chosen: { config, origin: paths.config, excluded: base.excluded, isHalf: float16 },
    plan: describePlan(opened.model, planQuantization(opened.model, config, context.output)),
    data,
    destination: {
      path: target,
      backend: ExportBackend.ONNX,
      target: undefined,
      layout: undefined,
      options: { overwrite: mayReplace, float16 },
    },
    isMeasured: true,
    hasHistograms: options.report !== undefined,
    context,
  })
  if (options.report !== undefined) {
    const { writeReport } = await import('../report/write-report.ts')
    await writeReport(options.report, report)
  }
  printSummary(context.output, report, options.report)
  context.output.print()
}

function printVerdict(
  output: Output,
  { best, isFound }: SearchResult,
  { budget, paths, options: { presets } }: Ending,
): void {
  if (best === undefined) {
    output.print(
      `${output.style('red', 'failed')}: none of ${presets.join(', ')} quantizes anything in this model`,
    )
    return
  }
  const label = `${candidateLabel(best.candidate)}, ${formatBytes(best.sizeBytes)}`
  if (isFound) output.print(`${output.style('green', 'found')}: ${label}; ${describeBudget(budget)}`)
  else
    output.print(
      `${output.style('red', 'failed')}: nothing that was tried keeps the budget (${describeBudget(budget)}); the best is ${label}`,
    )
  output.print(`config: ${paths.config}`)
  if (!isFound)
    output.print(
      `${output.style('cyan', 'next:')} --resume with another budget or more --presets goes on with what was tried (${paths.journal})`,
    )
  else if (paths.output === undefined) {
    const half = findPreset(best.candidate.preset).isHalf ? ' --float16' : ''
    output.print(
      `${output.style('cyan', 'next:')} lowbit quantize ${paths.model} -c ${paths.config}${half} --calibration <data>`,
    )
  }
}

function asJson(trial: Trial): Record<string, unknown> {
  return { name: candidateLabel(trial.candidate), ...trial }
}

function pathsOf(model: string, { output, writeConfig, journal }: AutoOptions): AutoPaths {
  if (output !== undefined && extname(output) !== '.onnx')
    throw new CommandError(
      `Cannot write "${output}": expected the ending ".onnx", got "${extname(output)}"`,
      ExitCode.usage,
    )
  const stem = join(dirname(model), basename(model, extname(model)))
  const config = writeConfig ?? `${stem}.auto.yaml`
  return { model, config, output, journal: journal ?? `${config}.journal` }
}

async function refuseTargets({ config, output }: AutoPaths, { force }: AutoOptions): Promise<void> {
  if (force) return
  await refuseExisting(config)
  if (output !== undefined) await refuseExisting(output)
}
