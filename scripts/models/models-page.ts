import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownTable } from '../study/markdown-table.ts'
import type { ModelFigures } from './figures.ts'
import { CONFIGS, type QuantizedFigures, SIDES } from './measure.ts'

const PAGE = fileURLToPath(new URL('../../docs/models.md', import.meta.url))
const [START, END] = ['<!-- models -->', '<!-- end -->']
const HEAD = ['config', 'made by', 'size', 'smaller', 'agreement', 'cosine', 'difference', 'agreement, fused']

/** Writes the tables of docs/models.md between their marks; the rest of the page stays. */
export function writeModelsPage(figures: ModelFigures): void {
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest = ''] = page.split(START)
  const after = rest.slice(rest.indexOf(END))
  const tables = figures.models.map((model) => section(figures, model)).join('\n')
  writeFileSync(PAGE, `${before}${START}\n\n${tables}\n${after}`)
}

function section(figures: ModelFigures, model: string): string {
  const float = figures.float(model)
  if (float === undefined) return ''
  const rows = CONFIGS.flatMap((config) =>
    SIDES.flatMap((side) => {
      const measured = figures.quantized(model, config, side)
      return measured === undefined ? [] : [quantizedRow(config, side, measured, float.bytes)]
    }),
  )
  const first = ['float', '', bytes(float.bytes), '', '', '', '', '', percent(float.task)]
  return `### ${model}\n\nIt ${float.about}\n\n${markdownTable([...HEAD, float.taskName], [first, ...rows])}`
}

function quantizedRow(
  config: string,
  side: string,
  { bytes: size, plain, fused, task }: QuantizedFigures,
  floatBytes: number,
): string[] {
  return [
    config,
    side,
    bytes(size),
    size > 0.95 * floatBytes ? 'no' : `${(floatBytes / size).toFixed(2)}x`,
    decibels(plain.sqnrDb),
    plain.cosine.toFixed(5),
    `${(100 * plain.relative).toPrecision(3)}%`,
    decibels(fused.sqnrDb),
    percent(task),
  ]
}

/** JSON has no infinite numbers: what is equal has null there. */
function decibels(sqnr: number | null): string {
  return sqnr === null || !Number.isFinite(sqnr) ? 'equal' : `${sqnr.toFixed(1)} dB`
}

function bytes(count: number): string {
  return `${(count / 1e6).toPrecision(3)} MB`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`
}
