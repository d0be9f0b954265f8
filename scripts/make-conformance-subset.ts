// Chooses the part of the golden data that the project carries: npx tsx scripts/make-conformance-subset.ts FIXTURES
// Small families are taken whole. Of large ones, entries and configurations are taken as long as they show something that no other does.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyEntries } from './subset/copy-entries.ts'
import { copyModels } from './subset/copy-models.ts'

const SUBSET = fileURLToPath(new URL('../conformance/subset', import.meta.url))

/** What the project carries at most. */
const MAX_BYTES = 8_000_000

const WHOLE = [
  'numerics/casts',
  'numerics/granularity_shapes',
  'numerics/qat_schedule',
  'config/api_errors',
  'config/axis_defaults',
  'config/enums',
  'config/loading',
  'config/specs',
  'config/setters_presets',
  'config/precedence',
]
const SAMPLED = ['numerics/fake_quant', 'numerics/observer_sequences']
/** Families of models, with the share of the room that is left which each may fill. */
const MODELS = { eager: 0.5, graph: 1 }

function copyReadme(part: string): void {
  mkdirSync(join(SUBSET, part), { recursive: true })
  const lines = readFileSync(join(fixtures, part, 'README.md'), 'utf8').split('\n')
  writeFileSync(join(SUBSET, part, 'README.md'), lines.map((line) => line.trim()).join('\n'))
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => statSync(join(folder, path)))
    .reduce((total, file) => total + (file.isFile() ? file.size : 0), 0)
}

const [fixtures = ''] = process.argv.slice(2)
if (fixtures === '')
  throw new RangeError('Cannot make the subset: expected the folder of the golden data, got none')
rmSync(SUBSET, { recursive: true, force: true })
for (const part of [...WHOLE, ...SAMPLED]) {
  copyReadme(part)
  copyEntries(join(fixtures, part), join(SUBSET, part), { sampled: SAMPLED.includes(part) })
}
for (const [family, share] of Object.entries(MODELS)) {
  copyReadme(family)
  copyModels(join(fixtures, family), join(SUBSET, family), share * (MAX_BYTES - sizeOf(SUBSET)))
}
console.log(`${sizeOf(SUBSET)} bytes of at most ${MAX_BYTES}`)
