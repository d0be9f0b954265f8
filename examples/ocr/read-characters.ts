/** What a recogniser of text lines says, and how much of a text that is. */

/**
 * The text of each line in scores [lines, steps, classes]: the best class of each step, repetitions joined, the class 0 left out (connectionist temporal
 * classification, Graves et al., 2006).
 * @param characters class `i + 1` stands for `characters[i]`
 */
export function readLines(
  scores: Float32Array,
  [lines = 0, steps = 0, classes = 0]: readonly number[],
  characters: readonly string[],
): string[] {
  return Array.from({ length: lines }, (_, line) => {
    let text = ''
    let before = 0
    for (let step = 0; step < steps; step++) {
      const start = (line * steps + step) * classes
      const best = indexOfLargest(scores.subarray(start, start + classes))
      if (best !== 0 && best !== before) text += characters[best - 1] ?? ' '
      before = best
    }
    return text
  })
}

function indexOfLargest(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  return best
}

/** Share of the characters of texts that are read: 1 less the fewest insertions, deletions and changes for each character. */
export function charactersRead(texts: readonly string[], read: readonly string[]): number {
  const wrong = texts.reduce((sum, text, i) => sum + editDistance(text, read[i] ?? ''), 0)
  return Math.max(0, 1 - wrong / texts.reduce((sum, text) => sum + text.length, 0))
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
