import type { Divergence } from '../divergence.ts'

/** Compares documents of plain values; the order of keys does not count. */
export function compareDicts(where: string, expected: unknown, got: unknown): Divergence | undefined {
  if (isRecord(expected) && isRecord(got)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(got)])
    for (const key of keys) {
      const divergence = compareDicts(`${where}.${key}`, expected[key], got[key])
      if (divergence !== undefined) return divergence
    }
    return undefined
  }
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return expected
      .map((entry, i) => compareDicts(`${where}[${i}]`, entry, got[i]))
      .find((divergence) => divergence !== undefined)
  }
  return Object.is(expected, got)
    ? undefined
    : { where, expected: String(JSON.stringify(expected)), got: String(JSON.stringify(got)) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
