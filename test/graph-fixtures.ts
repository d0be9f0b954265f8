import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { FixtureModel, FixtureNode } from './fixture-graph.ts'

const SHARED = new URL('../../shared/fixtures/graph/', import.meta.url)
const OWN = new URL('./fixtures/graph/', import.meta.url)
const folder = existsSync(SHARED) ? SHARED : OWN
if (folder === OWN)
  console.log(
    'Skipped: most models of graph mode, since the shared fixtures are absent; four that the project carries are checked',
  )

/** What stands in one place of a recording: nothing, a spec of its own, or the observer of another place. */
export type RecordedPlace = { readonly spec_id: number } | { readonly shared_with: unknown } | null

/** What `prepared.json` says of a configuration. */
export interface RecordedPreparation {
  readonly spec_table: readonly Readonly<Record<string, unknown>>[]
  readonly annotations: readonly {
    readonly node: string
    readonly inputs: readonly (readonly [producer: string, place: RecordedPlace])[]
    readonly output: RecordedPlace
  }[]
  readonly winning: readonly {
    readonly node: string
    readonly priority: number
    readonly primary: boolean
    readonly group: readonly string[]
  }[]
  readonly match_order: readonly { readonly node: string; readonly pattern_length: number }[]
  readonly fake_quants: readonly {
    readonly node: string
    readonly object: number
    readonly role: string
    readonly module_name: string
    readonly spec: Readonly<Record<string, unknown>>
  }[]
  readonly graph: readonly FixtureNode[]
  readonly log_warnings: Readonly<Record<string, number>>
  readonly module_to_fqs: Readonly<Record<string, number>>
  readonly prepare_error?: unknown
  readonly construct_error?: unknown
}

/** One configuration of one model. */
export interface GraphCase {
  readonly model: string
  readonly config: string
  readonly exported: FixtureModel
  readonly settings: unknown
  readonly prepared: RecordedPreparation
}

/** Names of the models that there are. */
export function graphModels(): readonly string[] {
  return readdirSync(folder).filter((name) => existsSync(new URL(`${name}/exported.json`, folder)))
}

/** The configurations of a model that the reference could prepare. */
export function graphCases(model: string): readonly GraphCase[] {
  return readdirSync(new URL(`${model}/configs`, folder)).flatMap((config) => {
    const at = new URL(`${model}/configs/${config}/`, folder)
    const own = new URL('exported.json', at)
    const prepared: RecordedPreparation = readJson(new URL('prepared.json', at))
    if (prepared.prepare_error !== undefined || prepared.construct_error !== undefined) return []
    const exported: FixtureModel = readJson(existsSync(own) ? own : new URL(`${model}/exported.json`, folder))
    return [{ model, config, exported, settings: readJson(new URL('config.json', at)), prepared }]
  })
}

/** What a model's folder says of its captured form. */
export function exportedModel(model: string): FixtureModel {
  return readJson(new URL(`${model}/exported.json`, folder))
}

function readJson<T>(url: URL): T {
  return JSON.parse(readFileSync(url, 'utf8'))
}
