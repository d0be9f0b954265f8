import { mkdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { refuseExisting } from '../../codec/atomic-file.ts'
import { save } from '../../formats/save.ts'
import { ExportBackend } from '../../quantization/config/execution-mode.ts'
import { type ChosenConfig, chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { type DataSet, openData, placeholderBatch } from '../data/open-data.ts'
import { sizesByDType } from '../describe-model.ts'
import { describePlan, type PlanDescription } from '../describe-plan.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { measureQuantized } from '../measure-quantized.ts'
import { type OpenedModel, openModel } from '../open-model.ts'
import { planQuantization } from '../plan-quantization.ts'
import { nothingQuantized, type PreparedForm, prepareModel } from '../quantize-model.ts'
import { type Report, reportOf } from '../report/report.ts'
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
  const { output, signal } = context
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
  const form = await prepare(opened, chosen, data, options, context)
  const stage = output.stage('writing')
  const finalized = await form.finalize(backend, signal)
  signal.throwIfAborted()
  await mkdir(dirname(target), { recursive: true })
  await save(finalized, target, {
    overwrite: options.force === true,
    ...(backend === ExportBackend.ONNX ? opened.names : {}),
    ...(options.opset === undefined ? {} : { opset: options.opset }),
  })
  stage.end(target)
  const path = backend === ExportBackend.ONNX ? target : undefined
  if (path !== undefined) await checkLoads(path)
  const isMeasured = options.measure !== false && data !== undefined
  const measured = isMeasured
    ? await measureQuantized({
        model: opened.model,
        form,
        finalized,
        path,
        batches: data.batches.slice(0, MEASURED_BATCHES),
        context,
      })
    : undefined
  const report = await reportOf({
    opened,
    chosen,
    plan,
    data,
    form,
    measured,
    target,
    backend,
    targetBytes: await sizeOf(target),
    sizesAfter: sizesByDType(finalized),
    warnings: output.warnings,
  })
  return finish(report, options, context)
}

/** Loads what was written, as its user will. @throws CommandError when the runtime refuses it */
async function checkLoads(path: string): Promise<void> {
  const { openSession } = await import('../onnx-session.ts')
  const session = await openSession(path)
  await session.release()
}

/** Batches that are compared: agreement hardly changes with more of them. */
const MEASURED_BATCHES = 8

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

async function prepare(
  { model }: OpenedModel,
  { config, origin }: ChosenConfig,
  data: DataSet | undefined,
  options: QuantizeOptions,
  { output, signal }: CommandContext,
): Promise<PreparedForm> {
  // Weights are quantized from their own values: what is computed of the placeholder is not used.
  const batches = data?.batches ?? [placeholderBatch(inputsOf(model), options.sizes)]
  const stage = output.stage(data === undefined ? 'quantizing' : 'calibrating')
  const form = await prepareModel({
    model,
    config,
    origin,
    batches,
    logger: output,
    signal,
    onProgress: (done, total) => stage.update(done, total),
  })
  stage.end(
    data === undefined ? '' : data.isRandom ? data.origin : `${batches.length} batches of ${data.origin}`,
  )
  return form
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

/** Bytes of a file, or of all files in a folder. */
async function sizeOf(path: string): Promise<number> {
  const stats = await stat(path)
  if (!stats.isDirectory()) {
    const external = await stat(`${path}.data`).catch(() => undefined)
    return stats.size + (external?.size ?? 0)
  }
  const { readdir } = await import('node:fs/promises')
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
