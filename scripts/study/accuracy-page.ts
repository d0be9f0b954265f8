import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CONFIGS, MODES, SEEDS } from './config-names.ts'
import type { Figures } from './figures.ts'
import { TASKS, type TaskName } from './task.ts'

const PAGE = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url))
const HEAD = ['config', 'mode', 'PTQ', 'QAT', 'PTQ - float', 'QAT - float'] as const
/** Decimals of percentages and of losses. */
const DECIMALS: Readonly<Record<TaskName, number>> = { digits: 2, text: 3 }

/** Puts the figures into docs/accuracy.md, between the comments that begin and end each table. */
export function writeAccuracyPage(figures: Figures): void {
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(
    PAGE,
    TASKS.reduce((text, task) => replaceBetween(text, task, tableOf(task, figures)), page),
  )
}

function replaceBetween(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- study: ${name} -->\n`, '<!-- end -->']
  const from = page.indexOf(start)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0)
    throw new RangeError(`Cannot write "${PAGE}": expected ${start.trim()} and then ${end}, got none`)
  return `${page.slice(0, from + start.length)}\n${content}\n${page.slice(to)}`
}

/** A table with a row for each config and mode. */
function tableOf(task: TaskName, figures: Figures): string {
  const decimals = DECIMALS[task]
  const floats = SEEDS.map((seed) => figures.float(task, seed))
  const base = floats.map((found) => found?.float)
  const longer = floats.map((found) => found?.longer)
  const cell = (values: readonly (number | undefined)[]) => spread(values, decimals)
  const rows = [
    ['float', '', cell(base), '', '', ''],
    ['float, trained on', '', '', cell(longer), '', cell(differences(longer, base))],
  ]
  for (const config of CONFIGS) {
    for (const mode of MODES) {
      const found = SEEDS.map((seed) => figures.quantized(task, config, mode, seed))
      const [ptq, qat] = [found.map((each) => each?.ptq), found.map((each) => each?.qat)]
      rows.push([
        config,
        mode,
        cell(ptq),
        cell(qat),
        cell(differences(ptq, base)),
        cell(differences(qat, base)),
      ])
    }
  }
  return markdownTable(HEAD, rows)
}

function differences(values: readonly (number | undefined)[], base: readonly (number | undefined)[]) {
  return values.map((value, i) => {
    const from = base[i]
    return value === undefined || from === undefined ? undefined : value - from
  })
}

/** Mean and standard deviation (of the sample) over the seeds; the mean alone, with their number, where some are missing. */
function spread(values: readonly (number | undefined)[], decimals: number): string {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return ''
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  if (known.length < values.length) return `${mean.toFixed(decimals)} (${known.length} of ${values.length})`
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return `${mean.toFixed(decimals)} ± ${Math.sqrt(squares / (known.length - 1)).toFixed(decimals)}`
}

/** A table whose columns are as wide as their widest cell; all but the first two are aligned right. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i < 2 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line), ''].join('\n')
}
