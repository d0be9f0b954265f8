import { didYouMean } from './nearest-name.ts'

/** Where a config file says something, counted from 1. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
}

/**
 * A spec or a config that says something impossible: an unknown key, a value out of range, values that contradict each other.
 * The message names the dotted path, what was expected and what was found.
 */
export class ConfigError extends RangeError {
  override readonly name: string = 'ConfigError'
  /** Dotted path of the offending entry, such as `global_config.op_state_spec.weight.dtype`; '' for the whole. */
  readonly path: string
  /** Where the entry stands in the file; undefined when it came from code. */
  readonly position: SourcePosition | undefined

  constructor(message: string, path: string, position?: SourcePosition) {
    super(message)
    this.path = path
    this.position = position
  }
}

/** The error for one entry: `Cannot read "path": expected x, got y`. */
export function unexpected(path: string, expected: string, got: unknown, hint?: string): ConfigError {
  const cure = hint === undefined ? '' : `\nHint: ${hint}`
  return new ConfigError(
    `Cannot read "${shown(path) || 'config'}": expected ${expected}, got ${describe(got)}${cure}`,
    path,
  )
}

/** The error for a key that nobody knows, with the nearest one that is known. */
export function unknownKey(path: string, key: string, known: readonly string[]): ConfigError {
  const hint = didYouMean(key, known)
  const message = `Cannot read "${shown(path)}": expected a known key (${known.join(', ')}), got an unknown one`
  return new ConfigError(hint === undefined ? message : `${message}\nHint: ${hint}`, path)
}

/** The error for a value that is none of some words, with the nearest one. */
export function notAmong(path: string, words: readonly string[], value: unknown): ConfigError {
  const hint = typeof value === 'string' ? didYouMean(value, words) : undefined
  return unexpected(path, `one of ${words.map((word) => `"${word}"`).join(', ')}`, value, hint)
}

/** Refuses options that are not among those with known names. @throws ConfigError with the nearest name */
export function checkNames(options: object, known: readonly string[], path: string): void {
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw unknownKey(path === '' ? name : `${path}.${name}`, name, known)
}

/** Characters of a path that stand in a message. */
const MAX_PATH = 200

/** A path as it stands in a message: cut where it is long, as the path of a hostile key may be. */
export function shown(path: string): string {
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH - 3)}...` : path
}

/** Values of a list that stand in a message. */
const MAX_LISTED = 8

/** What YAML's tags may give besides maps and lists. */
const OTHER_KINDS = [
  [Set, 'a set'],
  [Date, 'a date'],
  [Uint8Array, 'bytes'],
] as const

/** A value as it stands in a message: strings quoted, long ones cut, what is inside of lists by its kind. */
export function describe(value: unknown): string {
  if (!Array.isArray(value)) return describeOne(value)
  return value.length > MAX_LISTED ? `a list of ${value.length}` : `[${value.map(describeOne).join(', ')}]`
}

function describeOne(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (typeof value === 'function') return value.name === '' ? 'a function' : value.name
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value !== 'object' || value === null) return String(value)
  const kind = OTHER_KINDS.find(([type]) => value instanceof type)
  return kind === undefined ? 'a map' : kind[1]
}
