import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readSafetensors } from '../src/codec/index.ts'
import type { HostArray } from '../src/tensor/index.ts'
import type { ConformanceCase, EntryContext, Family, JsonObject } from './case.ts'
import type { Checkers } from './checkers.ts'
import { filesIn, foldersIn } from './folders.ts'
import { isObject, parseObject } from './parse-object.ts'
import type { FamilyRoot } from './target.ts'

/** Lists of a JSON file whose entries are cases; what else a file holds is data for them. */
const LISTS = ['cases', 'validation'] as const

/** Entries that record several things: each is a case of its own, with its name behind the part's. */
const ASPECTS: Readonly<Record<string, readonly string[]>> = {
  'config/precedence': ['build', 'get_module_config', 'graph', 'eager'],
}

/** Finds the cases of `numerics` or `config`: the entries of the JSON files in its folders. */
export function findEntryCases(
  { family, folder, touches }: FamilyRoot,
  checkers: Checkers,
): ConformanceCase[] {
  return foldersIn(folder).flatMap((part) =>
    filesIn(join(folder, part), '.json')
      .filter(touches)
      .flatMap((file) => casesOf(family, part, file, checkers)),
  )
}

function casesOf(family: Family, part: string, file: string, checkers: Checkers): ConformanceCase[] {
  const document = parseObject(readFileSync(file, 'utf8'), file)
  const tensors = lazyTensors(file, document)
  const parts = ASPECTS[`${family}/${part}`]?.map((aspect) => `${part}:${aspect}`) ?? [part]
  return LISTS.flatMap((list) =>
    entriesOf(document, list).flatMap((entry, index) => {
      const context: EntryContext = { entry, list, document, tensors }
      return parts.map((name): ConformanceCase => {
        const checker = checkers.entries.get(`${family}/${name}`)
        return {
          family,
          part: name,
          model: basename(file, '.json'),
          config: typeof entry.id === 'string' ? entry.id : `${list}[${index}]`,
          file,
          check: checker && (() => checker(context)),
        }
      })
    }),
  )
}

function entriesOf(document: JsonObject, list: string): JsonObject[] {
  const entries: unknown = document[list]
  return Array.isArray(entries) ? entries.filter(isObject) : []
}

function lazyTensors(file: string, { tensors: name }: JsonObject): () => ReadonlyMap<string, HostArray> {
  let tensors: ReadonlyMap<string, HostArray> | undefined
  return () => {
    tensors ??=
      typeof name === 'string' ? readSafetensors(readFileSync(join(dirname(file), name))) : new Map()
    return tensors
  }
}
