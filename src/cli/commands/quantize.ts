import { refuseExisting } from '../../codec/atomic-file.ts'
import type { Logger } from '../../quantization/logger.ts'
import { type ChosenConfig, chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { type DataSet, openData } from '../data/open-data.ts'
import { describePlan, type PlanDescription } from '../describe-plan.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { type OpenedModel, openModel } from '../open-model.ts'
import { planQuantization } from '../plan-quantization.ts'
import { hasBlocks } from '../preset-configs.ts'
import { nothingQuantized } from '../quantize-model.ts'
import { quantizeToFile } from '../quantize-to-file.ts'
import type { Report } from '../report/report.ts'
import { printSummary } from '../report/summary.ts'
import { startEngine } from '../sparing-engine.ts'
import { chooseDestination } from '../target/destination.ts'
import type { QuantizeOptions } from './quantize-options.ts'

/** Runs `lowbit quantize`. */
export async function quantize(
  modelPath: string,
  options: QuantizeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { opened, chosen, plan, data } = await readInputs(modelPath, options, context)
  const destination = chooseDestination(modelPath, options, chosen)
  if (!options.force) await refuseExisting(destination.path)
  context.signal.throwIfAborted()
  const report = await quantizeToFile({
    opened,
    chosen,
    plan,
    data,
    destination,
    isMeasured: options.measure !== false,
    hasHistograms: options.report !== undefined || context.output.isJson,
    sizes: options.sizes,
    context,
  })
  return finish(report, options, context)
}

interface Inputs {
  readonly opened: OpenedModel
  readonly chosen: ChosenConfig
  readonly plan: PlanDescription
  readonly data: DataSet | undefined
}

/** Reads the model, the config and the data, and finds what is impossible before anything is computed. */
async function readInputs(
  path: string,
  options: QuantizeOptions,
  { output }: CommandContext,
): Promise<Inputs> {
  const stage = output.stage('reading')
  const { calibration } = options
  const hasData = calibration !== undefined || options.random !== undefined
  if (hasData) startEngine()
  const opened = await openModel(path, output)
  const chosen = await chooseConfig(opened.model, options, hasData ? 'w8a8' : 'w8')
  const plan = describePlan(opened.model, planQuantization(opened.model, chosen.config, output))
  if (plan.quantized.length === 0) throw nothingQuantized(chosen.origin)
  warnOfBlocks(plan, chosen, output)
  if (plan.hasActivations && !hasData)
    throw new CommandError(
      `Cannot quantize activations: ${chosen.origin} needs data to find their ranges, got none\n` +
        'Hint: --calibration names data, --preset w8 quantizes weights only, --random takes random numbers to try things out',
      ExitCode.usage,
    )
  const request = { ...options, modelPath: path, ...(calibration === undefined ? {} : { data: calibration }) }
  const data = await openData(inputsOf(opened.model), request, output)
  if (data?.isRandom)
    output.warn('ranges and agreement come from random numbers: they say little about real inputs')
  stage.end(path)
  return { opened, chosen, plan, data }
}

/** A preset with blocks gives what w8 gives where there is nothing that it has blocks for. */
function warnOfBlocks({ quantized }: PlanDescription, { origin }: ChosenConfig, logger: Logger): void {
  const preset = origin.replace(/^preset /, '')
  if (preset === origin || !hasBlocks(preset)) return
  if (quantized.some(({ weight }) => weight?.startsWith('int4'))) return
  logger.warn(
    `${preset} finds no products or tables that its blocks divide: all weights of this model are int8, as --preset w8 makes them`,
  )
}

async function finish(
  report: Report,
  { report: folder }: QuantizeOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  if (folder !== undefined) {
    const { writeReport } = await import('../report/write-report.ts')
    await writeReport(folder, report)
  }
  printSummary(output, report, folder)
  output.json(report)
  return ExitCode.ok
}
