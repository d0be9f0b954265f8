import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CONFIGS, MODES, SEEDS } from './config-names.ts'
import type { Figures } from './figures.ts'
import { differences, markdownTable, spread } from './markdown-table.ts'
import { parityTable } from './parity-table.ts'
import { TASKS, type TaskName } from './task.ts'

const PAGE = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url))
const HEAD = ['config', 'mode', 'PTQ', 'QAT', 'PTQ - float', 'QAT - float'] as const
/** Decimals of percentages and of losses. */
const DECIMALS: Readonly<Record<TaskName, number>> = { digits: 2, text: 3 }

/** Puts the figures into docs/accuracy.md, between the comments that begin and end each table. */
export function writeAccuracyPage(figures: Figures): void {
  const page = readFileSync(PAGE, 'utf8')
  const tables = [
    ...TASKS.map((task) => [task, tableOf(task, figures)] as const),
    ['parity', parityTable(figures)] as const,
  ]
  writeFileSync(
    PAGE,
    tables.reduce((text, [name, table]) => replaceBetween(text, name, table), page),
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
