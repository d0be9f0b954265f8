// Chooses the part of the golden data that the project carries: npx tsx scripts/make-conformance-subset.ts FIXTURES
// Small families are taken whole. Of large ones, entries are taken in order as long as each shows a feature, or two together, that none before did.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { JsonObject } from '../conformance/case.ts'
import { filesIn } from '../conformance/folders.ts'
import { isObject, parseObject } from '../conformance/parse-object.ts'
import { type HostArray, readSafetensors, writeSafetensors } from '../src/index.ts'

const SUBSET = new URL('../conformance/subset/', import.meta.url).pathname

/** What the project carries at most. */
const MAX_BYTES = 8_000_000

const WHOLE = [
  'numerics/casts',
  'numerics/granularity_shapes',
  'config/enums',
  'config/loading',
  'config/specs',
  'config/setters_presets',
  'config/precedence',
]
const SAMPLED = ['numerics/fake_quant', 'numerics/observer_sequences']

/** Keys of a spec whose values are looked at in pairs. */
const PAIRED = ['dtype', 'qscheme', 'qformulation', 'type', 'qparam_calculator_cls', 'target', 'input_dtype']

/** Every scalar in an entry's description, as `key=value`; numbers without their digits, names of tensors not at all. */
function featuresOf(value: unknown, key = ''): string[] {
  if (Array.isArray(value))
    return [`${key}[${value.length}]`, ...value.flatMap((entry) => featuresOf(entry, key))]
  if (isObject(value)) return Object.entries(value).flatMap(([name, entry]) => featuresOf(entry, name))
  if (typeof value === 'string' && /^t\d+$/.test(value)) return []
  return [
    `${key}=${typeof value === 'number' ? Math.sign(value) : String(value).replace(/\d+(?=\.|$)/g, '#')}`,
  ]
}

function* combined(entry: JsonObject): Generator<string> {
  const { id, ...described } = entry
  const features = [
    ...new Set(featuresOf(described)),
    ...String(id)
      .split('.')
      .slice(0, 2)
      .map((part) => `id=${part.replace(/\d+/g, '#')}`),
  ]
  yield* features
  const paired = features.filter((feature) => PAIRED.includes(feature.split('=')[0] ?? ''))
  for (const a of paired) for (const b of paired) if (a < b) yield `${a} & ${b}`
}

function sample(entries: readonly JsonObject[], seen: Set<string>): JsonObject[] {
  return entries.filter((entry) => {
    const fresh = [...combined(entry)].filter((feature) => !seen.has(feature))
    for (const feature of fresh) seen.add(feature)
    return fresh.length > 0
  })
}

function namesIn(value: unknown, names: Set<string> = new Set()): Set<string> {
  if (typeof value === 'string') names.add(value)
  else if (Array.isArray(value)) for (const entry of value) namesIn(entry, names)
  else if (isObject(value)) for (const entry of Object.values(value)) namesIn(entry, names)
  return names
}

function entriesOf(document: JsonObject): JsonObject[] {
  return Array.isArray(document.cases) ? document.cases.filter(isObject) : []
}

/** Tensors that the entries name, those of the same file. */
function usedTensors(folder: string, file: unknown, entries: readonly JsonObject[]): Map<string, HostArray> {
  const names = namesIn(entries)
  const all = readSafetensors(readFileSync(join(folder, String(file))))
  return new Map([...all].filter(([name]) => names.has(name)))
}

function copy(from: string, to: string, seen: Set<string> | undefined): void {
  const document = parseObject(readFileSync(from, 'utf8'), from)
  const entries = seen === undefined ? entriesOf(document) : sample(entriesOf(document), seen)
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, `${JSON.stringify({ ...document, cases: entries })}\n`)
  if (typeof document.tensors === 'string') {
    writeFileSync(
      join(dirname(to), document.tensors),
      writeSafetensors(usedTensors(dirname(from), document.tensors, entries)),
    )
  }
  console.log(`${to.slice(SUBSET.length)}: ${entries.length} of ${entriesOf(document).length} entries`)
}

const [fixtures] = process.argv.slice(2)
if (fixtures === undefined)
  throw new RangeError('Cannot make the subset: expected the folder of the golden data, got none')
for (const part of [...WHOLE, ...SAMPLED]) {
  mkdirSync(join(SUBSET, part), { recursive: true })
  const readme = join(SUBSET, part, 'README.md')
  if (!existsSync(readme)) writeFileSync(readme, readFileSync(join(fixtures, part, 'README.md')))
  const seen = SAMPLED.includes(part) ? new Set<string>() : undefined
  for (const file of filesIn(join(fixtures, part), '.json'))
    copy(file, join(SUBSET, part, basename(file)), seen)
}
const bytes = readdirSync(SUBSET, { recursive: true, encoding: 'utf8' })
  .map((path) => statSync(join(SUBSET, path)))
  .reduce((total, file) => total + (file.isFile() ? file.size : 0), 0)
if (bytes > MAX_BYTES)
  throw new RangeError(`Cannot make the subset: expected at most ${MAX_BYTES} bytes, got ${bytes}`)
console.log(`${bytes} bytes of at most ${MAX_BYTES}`)
