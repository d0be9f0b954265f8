import type { EntryChecker, PartChecker } from './case.ts'
import { checkCast } from './families/numerics-casts.ts'

/** Who checks the cases; keys are family lines. A line that is missing here has to be in pending.json. */
export interface Checkers {
  /** For families whose cases are entries of JSON files. */
  readonly entries: ReadonlyMap<string, EntryChecker>
  /** For families whose cases are parts of configuration folders. */
  readonly parts: ReadonlyMap<string, PartChecker>
}

/** The checkers that exist. */
export const checkers: Checkers = {
  entries: new Map([['numerics/casts', checkCast]]),
  parts: new Map(),
}
