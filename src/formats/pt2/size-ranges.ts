import type { SizeRange } from '../../nn/graph-sizes.ts'
import type { JsonView } from './json-view.ts'

/** Reads between which bounds sizes may vary, by the name of the size. */
export function readSizeRanges(program: JsonView): ReadonlyMap<string, SizeRange> {
  const ranges = new Map<string, SizeRange>()
  for (const [name, range] of program.optional('range_constraints')?.entries() ?? []) {
    const min = range.optional('min_val')?.integer() ?? 0
    const max = range.optional('max_val')?.integer() ?? Number.MAX_SAFE_INTEGER
    if (max < min) range.fail(`a range from ${min} on`, `one up to ${max}`)
    ranges.set(name, { min, max })
  }
  return ranges
}
