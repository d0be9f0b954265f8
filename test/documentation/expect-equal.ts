import { deepStrictEqual } from 'node:assert/strict'

/** What `// => value` in a snippet becomes; throws an AssertionError that shows both values where they differ. */
export function expectEqual(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected)
}
