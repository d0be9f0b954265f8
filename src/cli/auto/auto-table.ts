import type { Output } from '../output.ts'
import { formatBytes, textTable } from '../text-table.ts'
import { type Budget, formatDrop } from './budget.ts'
import { candidateLabel } from './candidate.ts'
import type { Trial } from './search.ts'

/** What the table says of the float model. */
export interface FloatModel {
  readonly score: number
  readonly sizeBytes: number
}

/** Prints what was tried, in order, with the one that was chosen marked. */
export function printTrials(
  output: Output,
  trials: readonly Trial[],
  chosen: Trial | undefined,
  budget: Budget,
  float: FloatModel,
): void {
  const rows = trials.map((trial) => [
    trial === chosen ? '*' : '',
    candidateLabel(trial.candidate),
    trial.failure === null ? formatBytes(trial.sizeBytes) : '-',
    trial.failure === null ? trial.score.toFixed(5) : '-',
    trial.failure === null ? formatDrop(budget.maxDrop, trial.drop) : '-',
    verdictOf(trial),
  ])
  output.print(
    textTable(
      [
        { title: '' },
        { title: 'tried' },
        { title: 'size', align: 'right' },
        { title: 'score', align: 'right' },
        { title: 'drop', align: 'right' },
        { title: 'budget' },
      ],
      [['', 'float', formatBytes(float.sizeBytes), float.score.toFixed(5), '', ''], ...rows],
      100,
    ),
  )
}

function verdictOf({ failure, keepsDrop, keepsSize }: Trial): string {
  if (failure !== null) return failure
  if (keepsDrop) return keepsSize ? 'keeps it' : 'too large'
  return keepsSize ? 'drops too much' : 'drops too much, too large'
}

/** A budget as a person reads it. */
export function describeBudget({ maxDrop, maxSizeBytes }: Budget): string {
  const drop = `a drop of ${maxDrop.isShare ? `${Number((100 * maxDrop.amount).toPrecision(6))}%` : maxDrop.amount} at most`
  return maxSizeBytes === null ? drop : `${drop}, ${formatBytes(maxSizeBytes)} at most`
}
