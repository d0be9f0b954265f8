/** A size for each spatial dimension, or one number for all of them. */
export type Sizes = number | readonly number[]

/**
 * One number for each of `rank` spatial dimensions.
 * @throws RangeError when there are more or fewer
 */
export function sizesOf(name: string, sizes: Sizes, rank: number): readonly number[] {
  if (typeof sizes === 'number') return Array.from({ length: rank }, () => sizes)
  if (sizes.length === rank) return sizes
  const expected = rank === 1 ? 'one number' : `one number or ${rank}`
  throw new RangeError(`Cannot use "${name}": expected ${expected}, got [${sizes.join(', ')}]`)
}
