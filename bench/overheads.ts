/** What lowbit itself adds to training steps: recording, compiling the first step, and dispatching; and what quantization adds to a step. */
import Table from 'cli-table3'
import type { BenchKind, BenchModel } from './rival.ts'
import type { StepTimes } from './workloads.ts'

/** Medians of one row of the benchmark. */
export interface StepRow {
  readonly model: BenchModel
  readonly kind: BenchKind
  /** Milliseconds; not a number where there is no rival. */
  readonly ours: number
  readonly theirs: number
  /** Each step in its turn, the first one compiled. */
  readonly times: readonly StepTimes[]
  /** Steps before those that are measured. */
  readonly warmUp: number
}

/** Time to record and to dispatch a step, as parts of the step, and how long the first step took, with its compilation. */
export function overheadTable(rows: readonly StepRow[]): string {
  const table = new Table({
    head: ['model', 'step', 'first ms', 'record ms', 'dispatch ms', 'run ms', 'step ms', 'record', 'both'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  })
  for (const { model, kind, times, warmUp } of rows) {
    const [first] = times
    if (first === undefined) continue
    const [record, dispatch, run, whole] = (['record', 'dispatch', 'run', 'whole'] as const).map((part) =>
      median(times.slice(warmUp).map((each) => each[part])),
    )
    if (record === undefined || dispatch === undefined || run === undefined || whole === undefined) continue
    const share = (part: number) => `${((100 * part) / whole).toFixed(1)}%`
    table.push([
      model,
      kind,
      ...[first.whole, record, dispatch, run, whole].map((ms) => ms.toFixed(2)),
      share(record),
      share(record + dispatch),
    ])
  }
  return `Our own overheads: the first step compiles; record and dispatch are also given as shares of a step\n${table}`
}

/** How much longer a step with fake quantizers takes than one without, here and there. */
export function quantizationTable(rows: readonly StepRow[]): string {
  const table = new Table({
    head: ['model', 'step', 'ours: QAT / float', 'theirs: QAT / float'],
    colAligns: ['left', 'left', 'right', 'right'],
  })
  for (const { model, kind, ours, theirs } of rows) {
    const float = rows.find((row) => row.model === model && row.kind === 'float_step')
    if (float === undefined || float.kind === kind) continue
    const ratio = (a: number, b: number) => (Number.isNaN(a / b) ? '-' : (a / b).toFixed(2))
    table.push([model, kind, ratio(ours, float.ours), ratio(theirs, float.theirs)])
  }
  return `What quantization adds to a training step\n${table}`
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
