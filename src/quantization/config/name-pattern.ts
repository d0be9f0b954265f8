import { RE2JS } from 're2js'
import { ConfigError, describe, shown } from '../config-error.ts'

/** Longest pattern that is taken. */
const MAX_LENGTH = 10_000

/** Most instructions of a compiled pattern, however long its source is: what a character of a name costs. */
const MAX_INSTRUCTIONS = 10_000

/** Characters of the parser's reason that stand in a message; it repeats the pattern. */
const MAX_REASON = 200

const compiled = new Map<string, NamePattern>()

/**
 * A regular expression for names of modules or operations that has to match the whole name. Python's syntax as far as it can run in time
 * proportional to the name: no look-around, no back-references.
 */
export class NamePattern {
  readonly source: string
  readonly #pattern: RE2JS

  /** @throws ConfigError for what is no such expression */
  constructor(source: string, path: string = 'pattern') {
    if (source.length > MAX_LENGTH) throw invalid(source, path, `it is longer than ${MAX_LENGTH} characters`)
    this.source = source
    try {
      this.#pattern = RE2JS.compile(toRe2(source))
    } catch (error) {
      throw invalid(source, path, error instanceof Error ? error.message : String(error))
    }
    // Counted repetitions multiply: without a bound by the source, a short config would take long.
    if (this.#pattern.programSize() > Math.min(MAX_INSTRUCTIONS, 100 + 4 * source.length))
      throw invalid(source, path, 'its repetitions make it too large')
  }

  /** Whether the whole name matches. */
  matches(name: string): boolean {
    return this.#pattern.testExact(name)
  }
}

/** The pattern of a source, compiled once. @throws ConfigError */
export function namePattern(source: string, path?: string): NamePattern {
  let pattern = compiled.get(source)
  if (pattern === undefined) {
    pattern = new NamePattern(source, path)
    if (compiled.size >= 1000) compiled.clear()
    compiled.set(source, pattern)
  }
  return pattern
}

/** Python writes the end of the text as `\Z`, RE2 as `\z`. */
function toRe2(source: string): string {
  return source.replace(/\\([\s\S])/g, (pair, letter: string) => (letter === 'Z' ? '\\z' : pair))
}

function invalid(source: string, path: string, reason: string): ConfigError {
  return new ConfigError(
    `Cannot read "${shown(path)}": expected a regular expression without look-around and back-references, got ${describe(source)}\n` +
      `Hint: ${reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON - 3)}...` : reason}`,
    path,
  )
}
