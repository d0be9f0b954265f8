import { existsSync, readFileSync } from 'node:fs'
import { MODES, SEEDS } from './config-names.ts'
import type { Figures } from './figures.ts'
import { differences, markdownTable, spread } from './markdown-table.ts'

/** A training of the reference: what scripts/goldens/make_digits_qat.py writes. */
interface Recorded {
  readonly seed: number
  readonly mode: string
  readonly accuracy: number
}

const FILE = new URL('../../test/goldens/digits-qat.json', import.meta.url)
const DECIMALS = 2

/** Accuracies of the same trainings here and in the reference, with a row for each mode and seed, and for the seeds of a mode together. */
export function parityTable(figures: Figures): string {
  const recorded: readonly Recorded[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : []
  const rows = MODES.flatMap((mode) => {
    const ours = SEEDS.map((seed) => figures.parity(mode, seed)?.accuracy)
    const theirs = SEEDS.map(
      (seed) => recorded.find((run) => run.seed === seed && run.mode === mode)?.accuracy,
    )
    const apart = differences(ours, theirs)
    const cells = [ours, theirs, apart]
    return [
      ...SEEDS.map((seed, i) => [
        mode,
        String(seed),
        ...cells.map((values) => values[i]?.toFixed(DECIMALS) ?? ''),
      ]),
      [mode, 'all', ...cells.map((values) => spread(values, DECIMALS))],
    ]
  })
  return markdownTable(['mode', 'seed', 'lowbit', 'reference', 'difference'], rows)
}
