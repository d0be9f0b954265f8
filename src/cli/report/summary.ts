import type { Output } from '../output.ts'
import { formatBytes, formatDecibels, textTable } from '../text-table.ts'
import { AGREEMENT_HEADS, agreementRows } from './agreement-rows.ts'
import { contentLine, sizeRatio } from './content-line.ts'
import type { AgreementReport, Report } from './report.ts'
import type { Safety } from './safe-with.ts'

/** Layers that the terminal shows; the report has all of them. */
const SHOWN_LAYERS = 5

/** Prints a report for a person at a terminal. */
export function printSummary(output: Output, report: Report, folder: string | undefined): void {
  const { model, quantized, plan, config, agreement, data } = report
  output.print(
    `${output.style('bold', quantized.path)}  ${formatBytes(quantized.sizeBytes)}, was ${formatBytes(model.sizeBytes)} (${sizeRatio(model.sizeBytes, quantized.sizeBytes)})`,
  )
  output.print(contentLine(quantized))
  output.print(
    `${config.origin}: ${plan.quantized.length} operations and ${plan.weights.count} weights quantized, ${plan.skipped.length} operations float`,
  )
  if (data?.isRandom) output.print(output.style('yellow', 'calibrated with RANDOM numbers, not with data'))
  if (agreement !== null) {
    output.print()
    output.print(agreementTable(agreement))
    if (agreement.file !== null) output.print(safetyLine(output, agreement.file.safety))
    const worst = agreement.layers
      .filter(({ sqnrDb }) => Number.isFinite(sqnrDb))
      .toSorted((a, b) => a.sqnrDb - b.sqnrDb)
      .slice(0, SHOWN_LAYERS)
    if (worst.length > 0) output.print()
    for (const { name, type, sqnrDb } of worst)
      output.print(`  ${formatDecibels(sqnrDb).padStart(8)}  ${name} (${type})`)
  }
  output.print()
  for (const line of report.advice) output.print(`${output.style('cyan', 'next:')} ${line}`)
  if (folder !== undefined) output.print(`report: ${folder}/report.html`)
}

function safetyLine(output: Output, { safeWith, text }: Safety): string {
  return `${output.style(safeWith === 'both' ? 'green' : 'red', safeWith === 'both' ? 'safe:' : 'unsafe:')} ${text.replace(/^(Safe|Unsafe) /, '')}`
}

function agreementTable(agreement: AgreementReport): string {
  const columns = AGREEMENT_HEADS.map((title, i) => (i < 2 ? { title } : { title, align: 'right' as const }))
  return textTable(columns, agreementRows(agreement))
}
