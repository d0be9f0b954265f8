import { basename, dirname, extname, join } from 'node:path'
import { refuseExisting } from '../../codec/atomic-file.ts'
import { ExportBackend } from '../../quantization/config/execution-mode.ts'
import { type ChosenConfig, chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { type DataSet, openData } from '../data/open-data.ts'
import { describePlan, type PlanDescription } from '../describe-plan.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { type OpenedModel, openModel } from '../open-model.ts'
import { planQuantization } from '../plan-quantization.ts'
import { nothingQuantized } from '../quantize-model.ts'
import { quantizeToFile } from '../quantize-to-file.ts'
import type { Report } from '../report/report.ts'
import { printSummary } from '../report/summary.ts'
import type { QuantizeOptions } from './quantize-options.ts'

/** Ending of what each backend's file is called. */
const ENDINGS: Readonly<Record<string, string>> = {
  [ExportBackend.ONNX]: '.onnx',
  [ExportBackend.CoreAI]: '.pt2',
  [ExportBackend.CoreML]: '.mlpackage',
}

/** Runs `lowbit quantize`. */
export async function quantize(
  modelPath: string,
  options: QuantizeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { signal } = context
  const backend = readBackend(options.backend)
  const { opened, chosen, plan, data } = await readInputs(modelPath, options, context)
  const target = options.output ?? defaultOutput(modelPath, chosen.origin, backend)
  if (extname(target) !== ENDINGS[backend])
    throw new CommandError(
      `Cannot write "${target}": expected the ending "${ENDINGS[backend]}" for the backend "${backend}", got "${extname(target)}"`,
      ExitCode.usage,
    )
  if (!options.force) await refuseExisting(target)
  signal.throwIfAborted()
  const report = await quantizeToFile({
    opened,
    chosen,
    plan,
    data,
    target,
    backend,
    options: {
      overwrite: options.force === true,
      ...(options.opset === undefined ? {} : { opset: options.opset }),
    },
    isMeasured: options.measure !== false,
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
  const opened = await openModel(path, output)
  const { calibration } = options
  const hasData = calibration !== undefined || options.random !== undefined
  const chosen = await chooseConfig(opened.model, options, hasData ? 'w8a8' : 'w8', output)
  const plan = describePlan(opened.model, planQuantization(opened.model, chosen.config, output))
  if (plan.quantized.length === 0) throw nothingQuantized(chosen.origin)
  if (plan.hasActivations && !hasData)
    throw new CommandError(
      `Cannot quantize activations: ${chosen.origin} needs data to find their ranges, got none\n` +
        'Hint: --calibration names data, --preset w8 quantizes weights only, --random takes random numbers to try things out',
      ExitCode.usage,
    )
  const request = { ...options, ...(calibration === undefined ? {} : { data: calibration }) }
  const data = await openData(inputsOf(opened.model), request, output)
  if (data?.isRandom)
    output.warn('ranges and agreement come from random numbers: they say little about real inputs')
  stage.end(path)
  return { opened, chosen, plan, data }
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

function readBackend(name: string): ExportBackend {
  const known = Object.keys(ENDINGS)
  const found = Object.values(ExportBackend).find(
    (each) => each === name.toLowerCase() && known.includes(each),
  )
  if (found !== undefined) return found
  throw new CommandError(
    `Cannot use the backend "${name}": expected one of ${known.join(', ')}, got "${name}"`,
    ExitCode.usage,
  )
}

/** `model.onnx` becomes `model.w8a8.onnx` beside it. */
function defaultOutput(path: string, origin: string, backend: ExportBackend): string {
  const stem = basename(path, extname(path))
  const label = /^preset (.*)$/.exec(origin)?.[1] ?? 'quantized'
  return join(dirname(path), `${stem}.${label}${ENDINGS[backend]}`)
}
