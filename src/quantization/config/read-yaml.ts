import {
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  YAMLException,
} from 'js-yaml'
import { ConfigError, type SourcePosition, unexpected } from '../config-error.ts'
import { PYYAML_SCHEMA } from './pyyaml-schema.ts'

/** Bounds that no config comes near, so that a hostile one costs little. */
const LIMITS = {
  characters: 4_000_000,
  nodes: 100_000,
  depth: 64,
  aliases: 10_000,
  mergedKeys: 10_000,
} as const

/** What a YAML text says, and where. */
export interface YamlDocument {
  /** Maps are Map objects; undefined for an empty document. */
  readonly content: unknown
  /** Where the entry at a dotted path stands; where an alias put it there, the nearest entry above. */
  positionOf(path: string): SourcePosition
}

/**
 * Reads a YAML 1.1 document as PyYAML does: anchors, aliases and merge keys, but every key once.
 * @throws ConfigError for what is malformed, too large, or more than one document, with line and column
 */
export function readYaml(text: string): YamlDocument {
  if (typeof text !== 'string') throw unexpected('config', 'a text', text)
  if (text.length > LIMITS.characters)
    throw unexpected('config', `at most ${LIMITS.characters} characters`, text.length)
  const separators = separatorsIn(text)
  const limit = 2 * LIMITS.nodes
  if (separators > limit)
    throw unexpected('config', `at most ${LIMITS.nodes} entries (${limit} separators)`, separators)
  try {
    const events = parseEvents(text, { maxDepth: LIMITS.depth })
    if (events.length > LIMITS.nodes)
      throw unexpected('config', `at most ${LIMITS.nodes} entries`, events.length)
    const [content, ...others] = constructFromEvents(events, {
      source: text,
      schema: PYYAML_SCHEMA,
      maxAliases: LIMITS.aliases,
      maxTotalMergeKeys: LIMITS.mergedKeys,
    })
    if (others.length > 0) throw unexpected('config', 'one document', others.length + 1)
    checkWrittenOut(content)
    return { content, positionOf: (path) => positionAt(text, offsetOf(path, text, events)) }
  } catch (error) {
    if (error instanceof YAMLException) throw malformed(error)
    throw error
  }
}

/** An upper bound for the number of entries that is known before anything is parsed. */
function separatorsIn(text: string): number {
  let count = 0
  for (const _ of text.matchAll(/[,:[{\n]/g)) count++
  return count
}

/** An error with the place in the text added. */
export function located(error: ConfigError, { line, column }: SourcePosition): ConfigError {
  const [first, ...hints] = error.message.split('\n')
  return new ConfigError([`${first} (line ${line}, column ${column})`, ...hints].join('\n'), error.path, {
    line,
    column,
  })
}

function malformed({ reason, mark }: YAMLException): ConfigError {
  const error = new ConfigError(`Cannot read "config": expected YAML, got a text that is not: ${reason}`, '')
  return mark === undefined ? error : located(error, { line: mark.line + 1, column: mark.column + 1 })
}

/** Refuses a document whose aliases, written out, are more than it may have entries: readers follow each of them. */
function checkWrittenOut(content: unknown): void {
  const size = writtenSize(content, new Map())
  if (size > LIMITS.nodes)
    throw unexpected('config', `at most ${LIMITS.nodes} entries with aliases written out`, size)
}

/**
 * Entries of a value with its aliases written out. What an alias stands for comes before it in the text, so the walk goes no deeper than the text does.
 * @param known sizes of the collections met so far; 1 for those that the walk is in
 */
function writtenSize(value: unknown, known: Map<object, number>): number {
  if (!(value instanceof Map || value instanceof Set || Array.isArray(value))) return 1
  const counted = known.get(value)
  if (counted !== undefined) return counted
  known.set(value, 1)
  const children: readonly unknown[] = value instanceof Map ? [...value].flat(1) : [...value]
  const size = children.reduce<number>((sum, child) => sum + writtenSize(child, known), 1)
  known.set(value, size)
  return size
}

/** A collection that the walk along a path is in. */
interface Level {
  readonly isMap: boolean
  readonly isList: boolean
  /** Characters of the path that lead to the collection; -1 off the path. */
  readonly reached: number
  /** Characters that lead to the next value of a map, once its key is known. */
  next: number | undefined
  index: number
}

/**
 * Offset of the entry at a dotted path, else of the nearest one above: of its key in a map, of itself in a list. Since keys may hold dots, every entry that
 * the path may go through is looked at; no path is put together, so that long keys cost nothing.
 */
function offsetOf(path: string, text: string, events: readonly Event[]): number {
  const levels: Level[] = []
  let nearest = { reached: 0, offset: 0 }
  const reach = (reached: number, event: Event): number => {
    if (reached > nearest.reached) nearest = { reached, offset: startOf(event) }
    return reached
  }
  for (const event of events) {
    const level = levels.at(-1)
    if (event.type === EVENT_ID.POP) {
      levels.pop()
    } else if (level?.isMap === true && level.next === undefined) {
      const key = event.type === EVENT_ID.SCALAR && level.reached >= 0 ? getScalarValue(text, event) : '?'
      level.next = reach(after(path, level.reached, key), event)
    } else {
      const reached = level === undefined ? 0 : reach(enter(path, level), event)
      const isMap = event.type === EVENT_ID.MAPPING
      const isList = event.type === EVENT_ID.SEQUENCE
      if (isMap || isList || event.type === EVENT_ID.DOCUMENT)
        levels.push({ isMap, isList, reached, next: undefined, index: 0 })
    }
  }
  return nearest.offset
}

/** Characters of the path that lead to a value that comes next in a collection. */
function enter(path: string, level: Level): number {
  if (level.isList) return after(path, level.reached, String(level.index++))
  const { next = level.reached } = level
  level.next = undefined
  return next
}

/** Characters of a path that end with a key behind the first `reached` ones; -1 where the path goes on otherwise. */
function after(path: string, reached: number, key: string): number {
  if (reached < 0) return -1
  const start = reached === 0 ? 0 : reached + 1
  const end = start + key.length
  return path.startsWith(key, start) && (end === path.length || path[end] === '.') ? end : -1
}

function startOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  return event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE ? event.start : 0
}

function positionAt(text: string, offset: number): SourcePosition {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
