import { arch, cpus, platform, release } from 'node:os'
import type { Agreement } from '../../formats/agreement.ts'
import { version } from '../../formats/version.ts'
import type { ChosenConfig } from '../choose-config.ts'
import type { DataSet } from '../data/open-data.ts'
import { type DTypeSize, describeModel, type PortDescription } from '../describe-model.ts'
import type { PlanDescription } from '../describe-plan.ts'
import type { LayerAgreement } from '../measure-layers.ts'
import type { MeasuredWay, Measurements } from '../measure-quantized.ts'
import type { OpenedModel } from '../open-model.ts'
import type { PreparedForm } from '../quantize-model.ts'
import type { WebCheck } from '../target/check-web.ts'
import { adviceFor } from './advice.ts'
import type { TensorHistogram } from './histograms.ts'
import { type Safety, safetyOf } from './safe-with.ts'

/** Everything that is told of one quantization; report.json is this. */
export interface Report {
  readonly lowbit: string
  readonly model: {
    readonly path: string
    readonly sizeBytes: number
    readonly inputs: readonly PortDescription[]
    readonly outputs: readonly PortDescription[]
    readonly sizes: readonly DTypeSize[]
  }
  readonly quantized: {
    readonly path: string
    readonly backend: string
    readonly sizeBytes: number
    /** What its tensors take, each element in the bits of its dtype. */
    readonly contentBytes: number
    readonly sizes: readonly DTypeSize[]
  }
  /** Where the config came from, and the config itself as a file has it. */
  readonly config: {
    readonly origin: string
    readonly excluded: readonly string[]
    readonly content: Readonly<Record<string, unknown>>
  }
  readonly plan: PlanDescription
  readonly data: { readonly origin: string; readonly batches: number; readonly isRandom: boolean } | null
  readonly agreement: AgreementReport | null
  /** How onnxruntime-web runs the file, where it is for the web. */
  readonly web: WebCheck | null
  /** Tensors that lost most, with their ranges; none where only the summary is printed. */
  readonly histograms: readonly TensorHistogram[]
  readonly environment: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
  /** What to do next. */
  readonly advice: readonly string[]
}

/** How the quantized model agrees with the float one. */
export interface AgreementReport {
  readonly batches: number
  readonly outputs: readonly Agreement[]
  /** What was calibrated, which says what the file means, against the float model. */
  readonly preparedAgainstFloat: readonly Agreement[]
  /** Null where there is no file to run. */
  readonly file: {
    /** Each way to run the file; the first is how it is run by default. */
    readonly ways: readonly MeasuredWay[]
    readonly safety: Safety
  } | null
  readonly layers: readonly LayerAgreement[]
}

/** What a report is made of. */
export interface ReportParts {
  readonly opened: OpenedModel
  readonly chosen: ChosenConfig
  readonly plan: PlanDescription
  readonly data: DataSet | undefined
  readonly form: PreparedForm
  readonly measured: Measurements | undefined
  readonly target: string
  readonly backend: string
  readonly targetBytes: number
  readonly contentBytes: number
  readonly sizesAfter: readonly DTypeSize[]
  readonly web: WebCheck | undefined
  /** Whether somebody will see the histograms: they take a run. */
  readonly hasHistograms: boolean
  readonly warnings: readonly string[]
}

/** Collects a report. */
export async function reportOf(parts: ReportParts): Promise<Report> {
  const { opened, chosen, plan, data, measured, target, backend, targetBytes, contentBytes, sizesAfter } =
    parts
  const { inputs, outputs, sizes } = describeModel(opened.model)
  const agreement = measured === undefined ? null : agreementReport(measured, plan)
  const layers = measured?.layers ?? []
  const histograms = parts.hasHistograms
    ? await (await import('./histograms.ts')).worstHistograms(
        opened.model,
        parts.form,
        layers,
        data?.batches[0] ?? [],
      )
    : []
  const report = {
    lowbit: version,
    model: { path: opened.path, sizeBytes: opened.sizeBytes, inputs, outputs, sizes },
    quantized: { path: target, backend, sizeBytes: targetBytes, contentBytes, sizes: sizesAfter },
    config: { origin: chosen.origin, excluded: chosen.excluded, content: chosen.config.toDict() },
    plan,
    data:
      data === undefined
        ? null
        : { origin: data.origin, batches: data.batches.length, isRandom: data.isRandom },
    agreement,
    web: parts.web ?? null,
    histograms,
    environment: environment(),
    warnings: parts.warnings,
  }
  return { ...report, advice: adviceFor(report) }
}

function agreementReport(
  { batches, preparedAgainstFloat, ways, layers }: Measurements,
  plan: PlanDescription,
): AgreementReport {
  const [usual] = ways
  const file = usual === undefined ? null : { ways, safety: safetyOf(preparedAgainstFloat, ways, plan) }
  return { batches, outputs: usual?.againstFloat ?? preparedAgainstFloat, preparedAgainstFloat, file, layers }
}

function environment(): Record<string, string> {
  const [cpu] = cpus()
  return {
    lowbit: version,
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: `${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    date: new Date().toISOString(),
  }
}
