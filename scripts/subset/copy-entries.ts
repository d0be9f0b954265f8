import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { JsonObject } from '../../conformance/case.ts'
import { filesIn } from '../../conformance/folders.ts'
import { isObject, parseObject } from '../../conformance/parse-object.ts'
import { type HostArray, readSafetensors, writeSafetensors } from '../../src/index.ts'
import { entryFeatures } from './entry-features.ts'

/**
 * Copies a family of entries, with the tensors that the copied entries name.
 * @param sampled whether entries are taken, in order, only as long as each shows a feature that none before did
 */
export function copyEntries(from: string, to: string, { sampled }: { readonly sampled: boolean }): void {
  mkdirSync(to, { recursive: true })
  const seen = new Set<string>()
  for (const file of filesIn(from, '.json')) {
    const document = parseObject(readFileSync(file, 'utf8'), file)
    const all = Array.isArray(document.cases) ? document.cases.filter(isObject) : []
    const entries = sampled ? all.filter((entry) => showsMore(entry, seen)) : all
    const target = join(to, basename(file))
    writeFileSync(target, `${JSON.stringify({ ...document, cases: entries })}\n`)
    if (typeof document.tensors === 'string') {
      const tensors = usedTensors(join(from, document.tensors), entries)
      writeFileSync(join(to, document.tensors), writeSafetensors(tensors))
    }
    console.log(`${target}: ${entries.length} of ${all.length} entries`)
  }
}

function showsMore(entry: JsonObject, seen: Set<string>): boolean {
  const before = seen.size
  for (const feature of entryFeatures(entry)) seen.add(feature)
  return seen.size > before
}

/** Those tensors of a file that entries name. */
function usedTensors(file: string, entries: readonly JsonObject[]): Map<string, HostArray> {
  const names = new Set(stringsIn(entries))
  return new Map([...readSafetensors(readFileSync(file))].filter(([name]) => names.has(name)))
}

function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (Array.isArray(value)) for (const entry of value) yield* stringsIn(entry)
  else if (isObject(value)) for (const entry of Object.values(value)) yield* stringsIn(entry)
}
