import { exportSize } from '../formats/export-size.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { leafPaths } from '../nn/output-tree.ts'
import { ExportBackend } from '../quantization/config/execution-mode.ts'
import { calibrateModel } from './calibrate-model.ts'
import type { ChosenConfig } from './choose-config.ts'
import type { CommandContext } from './command-context.ts'
import { inputsOf } from './data/model-inputs.ts'
import { type DataSet, placeholderBatch } from './data/open-data.ts'
import { sizesByDType } from './describe-model.ts'
import type { PlanDescription } from './describe-plan.ts'
import type { Measurements } from './measure-quantized.ts'
import { openSession } from './onnx-session.ts'
import type { OpenedModel } from './open-model.ts'
import type { PreparedForm } from './quantize-model.ts'
import { type Report, reportOf } from './report/report.ts'
import type { WebCheck } from './target/check-web.ts'
import type { Destination } from './target/destination.ts'
import { sizeOnDisk, writeQuantized } from './write-quantized.ts'

/** Batches that are compared: agreement hardly changes with more of them. */
const MEASURED_BATCHES = 8

/** What is quantized, how, and where to. */
export interface QuantizeRequest {
  readonly opened: OpenedModel
  readonly chosen: ChosenConfig
  readonly plan: PlanDescription
  readonly data: DataSet | undefined
  readonly destination: Destination
  /** Whether what was written is compared with the float model, where there is data. */
  readonly isMeasured: boolean
  /** Whether the report is to have histograms. */
  readonly hasHistograms: boolean
  /** Sizes that vary, for the shapes that are needed where there is no data. */
  readonly sizes?: string | undefined
  readonly context: CommandContext
}

/** Quantizes a model, writes it, loads what was written, and tells how far it is from the original. */
export async function quantizeToFile(request: QuantizeRequest): Promise<Report> {
  const { opened, chosen, plan, data, destination, context } = request
  const { path: target, backend, options } = destination
  const { output, signal } = context
  const form = await calibrateModel({ model: opened.model, ...chosen, data, sizes: request.sizes }, context)
  const stage = output.stage('writing')
  let web: WebCheck | undefined
  const check = async (path: string, finalized: GraphModule) => {
    web = await checkForWeb(request, path, finalized)
  }
  const finalized = await writeQuantized({
    ...{ form, opened, target, backend, options, signal },
    ...(destination.target === undefined ? {} : { check }),
  })
  stage.end(target)
  const path = backend === ExportBackend.ONNX ? target : undefined
  if (path !== undefined) await checkLoads(path)
  await completeLayout(request)
  const measured = await measure(request, form, finalized, path)
  return reportOf({
    opened,
    chosen,
    plan,
    data,
    form,
    measured,
    target,
    backend,
    targetBytes: await sizeOnDisk(target),
    contentBytes: (await exportSize(finalized, target)).informationBytes,
    sizesAfter: sizesByDType(finalized),
    web,
    hasHistograms: request.hasHistograms,
    warnings: output.warnings,
  })
}

/** Loads what was written, as its user will. @throws CommandError when the runtime refuses it */
async function checkLoads(path: string): Promise<void> {
  const session = await openSession(path)
  await session.release()
}

/** Runs what is to be written as a page will. */
async function checkForWeb(
  { opened, data, sizes, context: { output } }: QuantizeRequest,
  path: string,
  finalized: GraphModule,
): Promise<WebCheck> {
  const names = opened.names?.outputNames ?? leafPaths(finalized.outputTree, 'output')
  const [batch = placeholderBatch(inputsOf(opened.model), sizes)] = data?.batches ?? []
  const { checkWeb } = await import('./target/check-web.ts')
  const check = await checkWeb(path, names, [batch])
  for (const warning of check.warnings) output.warn(warning)
  return check
}

/** Puts what a library needs besides the file around it. */
async function completeLayout({
  opened: { path, hasExternalData },
  destination: { layout },
  context: { output },
}: QuantizeRequest): Promise<void> {
  if (layout === undefined) return
  const { copyCompanions } = await import('./target/transformers-layout.ts')
  for (const missing of await copyCompanions(path, layout, hasExternalData)) output.warn(missing)
}

async function measure(
  { opened: { model }, data, isMeasured, context }: QuantizeRequest,
  form: PreparedForm,
  finalized: GraphModule,
  path: string | undefined,
): Promise<Measurements | undefined> {
  if (!isMeasured || data === undefined) return undefined
  const { measureQuantized } = await import('./measure-quantized.ts')
  const batches = data.batches.slice(0, MEASURED_BATCHES)
  return measureQuantized({ model, form, finalized, path, batches, context })
}
