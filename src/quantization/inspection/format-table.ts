import { describeObserver } from './describe-observer.ts'
import type { Inspection } from './model-inspector.ts'
import type { OpReport, PlaceReport, WinReport } from './reports.ts'

const HEAD = ['operation', 'type', 'module', 'pattern', 'config', 'inputs', 'output'] as const

/** The operations of a model as a text of aligned columns, and below them what was left out. */
export function formatTable({ operations, removed }: Inspection): string {
  const rows = operations.map(rowOf)
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const left = removed.map(({ producer, reason }) => `${producer} is not quantized: ${reason}`)
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ...left].join('\n')
}

/** Which entry of the config won, as a person says it: `name "head" > type "conv2d"`. */
export function describeWin({ level, moduleKey, opLevel, opKey }: WinReport): string {
  const module = moduleKey === null ? level : `${level} "${moduleKey}"`
  return opKey === null ? module : `${module} > ${opLevel} "${opKey}"`
}

function rowOf({ name, type, module, winner, inputs, output }: OpReport): string[] {
  const shown = inputs.filter(({ reason }) => reason !== 'inside pattern')
  return [
    name,
    type,
    module,
    winner === null ? '-' : `${winner.pattern}${winner.isKey ? '' : ' (part)'}`,
    winner === null ? '-' : describeWin(winner),
    shown.map((place) => `${place.input}: ${cell(place)}`).join(', '),
    cell(output),
  ]
}

function cell({ observer, reason }: PlaceReport): string {
  return observer === null ? (reason ?? '') : `#${observer.number} ${describeObserver(observer)}`
}
