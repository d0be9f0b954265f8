import type { Agreement } from '../../formats/agreement.ts'
import type { MeasuredWay } from '../measure-quantized.ts'
import { formatDecibels } from '../text-table.ts'
import { batchCount } from './content-line.ts'
import type { AgreementReport } from './report.ts'

/** Heads of the table of outputs; all but the first two are numbers. */
export const AGREEMENT_HEADS: readonly string[] = [
  'output',
  'run by',
  'against float',
  'against calibrated',
  'largest difference',
  'mean difference',
]

/** The table of outputs: what was calibrated, then each way to run the file. Differences are those from the float model. */
export function agreementRows({ batches, preparedAgainstFloat, file }: AgreementReport): string[][] {
  const nameOf = ({ runtime, optimized, batches: own }: MeasuredWay) => {
    const share = own < batches ? ` (${batchCount(own)})` : ''
    return `${runtime}${optimized ? '' : ', not optimized'}${share}`
  }
  return preparedAgainstFloat.flatMap((prepared, i) => [
    row(prepared.name, 'lowbit, as calibrated', prepared, undefined),
    ...(file?.ways ?? []).map((way) => row('', nameOf(way), way.againstFloat[i], way.againstPrepared[i])),
  ])
}

function row(
  output: string,
  way: string,
  float: Agreement | undefined,
  prepared: Agreement | undefined,
): string[] {
  return [
    output,
    way,
    float === undefined ? '-' : formatDecibels(float.sqnrDb),
    prepared === undefined ? '-' : formatDecibels(prepared.sqnrDb),
    float?.largestDifference.toPrecision(3) ?? '-',
    float?.meanDifference.toPrecision(3) ?? '-',
  ]
}
