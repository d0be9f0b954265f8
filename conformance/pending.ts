import type { ConformanceCase } from './case.ts'
import { isObject } from './parse-object.ts'

/** Cases that may fail for now: all that agree with every key that an entry has. */
export interface PendingEntry {
  readonly family: string
  readonly part?: string
  readonly model?: string
  readonly config?: string
  /** What is missing, or why it cannot be as recorded. */
  readonly reason: string
}

const KEYS = ['family', 'part', 'model', 'config', 'reason'] as const

/**
 * Reads the text of pending.json: a list of entries.
 *
 * @throws SyntaxError when an entry lacks its family or reason, has a key that is unknown, or a value that is no string
 */
export function parsePending(text: string): PendingEntry[] {
  const entries: unknown = JSON.parse(text)
  if (!Array.isArray(entries))
    throw new SyntaxError('Cannot read "pending.json": expected a list, got no list')
  return entries.map((entry: unknown, index) => {
    if (isPendingEntry(entry)) return entry
    throw new SyntaxError(
      `Cannot read "pending.json": expected { family, part?, model?, config?, reason }, all strings, ` +
        `got ${JSON.stringify(entry)} (entry ${index})`,
    )
  })
}

function isPendingEntry(entry: unknown): entry is PendingEntry {
  if (!isObject(entry) || !('family' in entry) || !('reason' in entry)) return false
  const known: readonly string[] = KEYS
  return Object.entries(entry).every(([key, value]) => known.includes(key) && typeof value === 'string')
}

/** The first entry that a case falls under; undefined where none does. */
export function findPending(
  item: ConformanceCase,
  pending: readonly PendingEntry[],
): PendingEntry | undefined {
  return pending.find(
    ({ family, part, model, config }) =>
      family === item.family &&
      (part === undefined || part === item.part) &&
      (model === undefined || model === item.model) &&
      (config === undefined || config === item.config),
  )
}
