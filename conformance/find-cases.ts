import type { ConformanceCase } from './case.ts'
import type { Checkers } from './checkers.ts'
import { findEntryCases } from './find-entries.ts'
import { findPartCases } from './find-parts.ts'
import type { Target } from './target.ts'

/** Finds every case of a target, in the order of families, folders and entries. */
export function findCases(
  { roots, id }: Target,
  checkers: Checkers,
  models: ReadonlyMap<string, unknown> = new Map(),
): ConformanceCase[] {
  return roots
    .flatMap((root) =>
      root.family === 'numerics' || root.family === 'config'
        ? findEntryCases(root, checkers)
        : findPartCases(root, checkers, models),
    )
    .filter((item) => id === undefined || item.config === id || item.part === id)
}
