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
    const offsets = entryOffsets(text, events)
    return { content, positionOf: (path) => positionAt(text, nearestOffset(offsets, path)) }
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

/** A collection that the walk is in: its path, and what its next child is. */
interface Level {
  readonly path: string
  readonly isMap: boolean
  /** Key that the next value of a map belongs to; undefined when a key comes next. */
  key: string | undefined
  index: number
}

/** Offset of every entry by its dotted path: of its key in a map, of itself in a list. */
function entryOffsets(text: string, events: readonly Event[]): Map<string, number> {
  const offsets = new Map<string, number>()
  const levels: Level[] = []
  for (const event of events) {
    const level = levels.at(-1)
    if (event.type === EVENT_ID.POP) {
      levels.pop()
      continue
    }
    const start = startOf(event)
    const isKey = level?.isMap === true && level.key === undefined
    const path = isKey ? '' : enter(level)
    if (isKey) {
      level.key = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '?'
      offsets.set(join(level.path, level.key), start)
    } else if (level !== undefined && !level.isMap) offsets.set(path, start)
    if (
      event.type === EVENT_ID.MAPPING ||
      event.type === EVENT_ID.SEQUENCE ||
      event.type === EVENT_ID.DOCUMENT
    ) {
      levels.push({ path, isMap: event.type === EVENT_ID.MAPPING, key: undefined, index: 0 })
    }
  }
  return offsets
}

/** Path of a value that comes next in a collection. */
function enter(level: Level | undefined): string {
  if (level === undefined) return ''
  if (!level.isMap) return level.path === '' ? '' : join(level.path, String(level.index++))
  const path = join(level.path, level.key ?? '')
  level.key = undefined
  return path
}

function startOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  return event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE ? event.start : 0
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function nearestOffset(offsets: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), 0))) {
    const offset = offsets.get(at)
    if (offset !== undefined) return offset
  }
  return 0
}

function positionAt(text: string, offset: number): SourcePosition {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
