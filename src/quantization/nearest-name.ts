/** Differences beyond which two names are not taken for one misspelt. */
const MAX_DISTANCE = 3

/** Names longer than this are not compared: the cost grows with the square of the length. */
const MAX_LENGTH = 64

/**
 * The known name that an unknown one was probably meant to be: the fewest letters changed, added, dropped or swapped with the next
 * one, at most three and fewer than half of the name.
 *
 * @returns undefined when none is near
 * @example
 * nearestName('granularty', ['granularity', 'dtype']) // => 'granularity'
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(MAX_DISTANCE, Math.floor((name.length - 1) / 2)) + 1
  if (name.length > MAX_LENGTH) return undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Text for an error's hint: `did you mean "granularity"?`, or undefined. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(name, known)
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (beforeLast[j - 2] ?? 0) + 1 : changed
      row.push(Math.min(changed, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
