import { unexpected } from '../config-error.ts'
import { readMap } from '../schema/maps.ts'
import { entryPath } from '../schema/schema.ts'
import { namePattern } from './name-pattern.ts'
import { OpQuantizerConfig } from './op-quantizer-config.ts'

/** Configs of operations by type or by name, in the order of declaration. */
export type OpConfigs = ReadonlyMap<string, OpQuantizerConfig>

/** What a caller may give for such configs; null is one that quantizes nothing. */
export type OpConfigMap =
  | ReadonlyMap<string, OpQuantizerConfig | null>
  | { readonly [key: string]: OpQuantizerConfig | null }

/**
 * Reads a map whose keys are strings, in the order of declaration; null is an empty one.
 * @throws ConfigError for a key that is no string, or what `read` throws
 */
export function readNamed<T>(
  value: unknown,
  path: string,
  read: (entry: unknown, path: string, key: string) => T,
): ReadonlyMap<string, T> {
  const entries = new Map<string, T>()
  if (value === null) return entries
  for (const [key, entry] of readMap(value, path)) {
    if (typeof key !== 'string') throw unexpected(entryPath(path, String(key)), 'a string as key', key)
    entries.set(key, read(entry, entryPath(path, key), key))
  }
  return entries
}

/** Configs of operations by type, from a file or from code. */
export function readOpTypes(value: unknown, path: string): OpConfigs {
  return readNamed(value, path, (entry, at) => OpQuantizerConfig.fromDict(entry, at))
}

/** Configs of operations by name. @throws ConfigError for a name that is no regular expression */
export function readOpNames(value: unknown, path: string): OpConfigs {
  return readNamed(value, path, (entry, at, key) => {
    namePattern(key, at)
    return OpQuantizerConfig.fromDict(entry, at)
  })
}

/** How a config is written. */
export interface DictOptions {
  /** Whether specs also say what follows from their fields, as the Python library's do. Default: false. */
  readonly computed?: boolean
  /** Whether maps whose order counts are Map objects: plain objects move keys of digits to the front. Default: false. */
  readonly ordered?: boolean
}

/** Configs by key as a config file has them. */
export function namedToDict(
  configs: ReadonlyMap<string, { toDict(options: DictOptions): Record<string, unknown> }>,
  options: DictOptions,
): Record<string, unknown> | ReadonlyMap<string, unknown> {
  const entries = Array.from(configs, ([key, config]) => [key, config.toDict(options)] as const)
  return options.ordered ? new Map(entries) : Object.fromEntries(entries)
}
