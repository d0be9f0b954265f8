/** The first place where lowbit does not give what was recorded. */
export interface Divergence {
  readonly where: string
  readonly expected: string
  readonly got: string
}

/** A typed array of numbers that can be compared element by element. */
export type Comparable = ArrayLike<number>

/**
 * Compares arrays exactly: the same length, and in each place the same number (+0 and -0 differ, any NaN equals any NaN).
 *
 * @returns the first difference; undefined where there is none
 */
export function compareExactly(where: string, expected: Comparable, got: Comparable): Divergence | undefined {
  if (expected.length !== got.length) {
    return { where, expected: `${expected.length} elements`, got: `${got.length}` }
  }
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(expected[i], got[i])) {
      return { where: `${where}[${i}]`, expected: textOf(expected[i]), got: textOf(got[i]) }
    }
  }
  return undefined
}

function textOf(value: number | undefined): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
