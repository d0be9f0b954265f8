import { unexpected, unknownKey } from '../config-error.ts'
import { entryPath } from './schema.ts'

/**
 * Entries of a map from a file or from code: a plain object (numeric keys come as strings) or a Map, whose keys may be numbers.
 * @throws ConfigError for anything else
 */
export function readMap(value: unknown, path: string): ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return new Map(Object.entries(value))
  }
  throw unexpected(path, 'a map', value)
}

/**
 * Entries of a map that takes known keys only.
 * @throws ConfigError for an unknown key, with the nearest known one
 */
export function readRecord(
  value: unknown,
  path: string,
  known: readonly string[],
  ignored: readonly string[] = [],
): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>()
  for (const [key, entry] of readMap(value, path)) {
    if (typeof key === 'object' && key !== null) throw unexpected(path, 'keys that are names', key)
    const name = String(key)
    if (ignored.includes(name)) continue
    if (!known.includes(name)) {
      throw unknownKey(entryPath(path, name), name, known)
    }
    entries.set(name, entry)
  }
  return entries
}
