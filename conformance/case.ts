import type { HostArray } from '../src/tensor/index.ts'
import type { Divergence } from './divergence.ts'

/** The folders that hold golden data, in the order in which they are reported. */
export const FAMILIES = ['numerics', 'config', 'graph', 'eager'] as const

/** One of the families of golden data. */
export type Family = (typeof FAMILIES)[number]

/** A JSON object of the golden data. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What a check says: the first divergence, or undefined where there is none. */
export type Outcome = Promise<Divergence | undefined> | Divergence | undefined

/** One case of the golden data and how to check it. */
export interface ConformanceCase {
  readonly family: Family
  /** The folder below `numerics` or `config`, or the part of a configuration in `graph` or `eager`. */
  readonly part: string
  /** Name of the JSON file without its extension, or of the model's folder. */
  readonly model: string
  /** Identifier of the entry, or name of the configuration's folder; undefined for what a model has once. */
  readonly config: string | undefined
  /** The file that records what is expected. */
  readonly file: string
  /** Undefined where nothing can check this part yet. */
  readonly check: (() => Outcome) | undefined
}

/** What the checker of a JSON entry gets to see. */
export interface EntryContext {
  readonly entry: JsonObject
  /** Name of the list that holds the entry: `cases`, or `validation`. */
  readonly list: string
  /** The whole JSON file. */
  readonly document: JsonObject
  /** The file that the document's `tensors` names; read once. */
  readonly tensors: () => ReadonlyMap<string, HostArray>
}

/** What the checker of a part gets to see. */
export interface PartContext {
  readonly modelFolder: string
  /** Undefined for the part that a model has once (`float`). */
  readonly configFolder: string | undefined
  readonly part: string
  /** What the file of `--models` exports by default: functions that build modules, by the names of their folders. */
  readonly models: ReadonlyMap<string, unknown>
}

/** Checks one entry of a JSON file. */
export type EntryChecker = (context: EntryContext) => Outcome

/** Checks one part of one configuration. */
export type PartChecker = (context: PartContext) => Outcome

/** The line under which a case is counted: `numerics/casts`, `graph/finalize:CoreAI`. */
export function familyLine({ family, part }: ConformanceCase): string {
  return `${family}/${part}`
}

/** Names a case in one line. */
export function caseLabel(item: ConformanceCase): string {
  const { model, config } = item
  return `${familyLine(item)} ${model}${config === undefined ? '' : `/${config}`}`
}
