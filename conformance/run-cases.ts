import { type ConformanceCase, caseLabel, familyLine } from './case.ts'
import type { Divergence } from './divergence.ts'
import { findPending, type PendingEntry } from './pending.ts'

/** How many cases of a family went which way. */
export interface Counts {
  passed: number
  failed: number
  pending: number
}

/** A case that failed, and its first divergence. */
export interface Failure extends Divergence {
  readonly case: string
}

/** What came out of a run. */
export interface Report {
  /** Counts by family line, in the order of the cases. */
  readonly families: ReadonlyMap<string, Counts>
  readonly failures: readonly Failure[]
  /** Cases that pass although pending.json lists them. */
  readonly passedWhilePending: readonly string[]
}

/**
 * Checks cases one after the other. A pending case that has a checker is checked too: that it still fails is part of the truth. A
 * case that nothing can check and that is not pending fails.
 */
export async function runCases(
  cases: readonly ConformanceCase[],
  pending: readonly PendingEntry[],
): Promise<Report> {
  const families = new Map<string, Counts>()
  const failures: Failure[] = []
  const passedWhilePending: string[] = []
  for (const item of cases) {
    const counts = families.get(familyLine(item)) ?? { passed: 0, failed: 0, pending: 0 }
    families.set(familyLine(item), counts)
    const divergence = await checkCase(item)
    if (findPending(item, pending) !== undefined) {
      counts.pending++
      if (divergence === undefined) passedWhilePending.push(caseLabel(item))
    } else if (divergence === undefined) {
      counts.passed++
    } else {
      counts.failed++
      failures.push({ case: caseLabel(item), ...divergence })
    }
  }
  return { families, failures, passedWhilePending }
}

/** Adds up the counts of all families. */
export function totalOf({ families }: Report): Counts {
  const total: Counts = { passed: 0, failed: 0, pending: 0 }
  for (const { passed, failed, pending } of families.values()) {
    total.passed += passed
    total.failed += failed
    total.pending += pending
  }
  return total
}

async function checkCase(item: ConformanceCase): Promise<Divergence | undefined> {
  if (item.check === undefined) {
    return { where: 'checkers', expected: `a checker for ${familyLine(item)}`, got: 'none' }
  }
  try {
    return await item.check()
  } catch (error) {
    return { where: 'check', expected: 'no error', got: String(error) }
  }
}
