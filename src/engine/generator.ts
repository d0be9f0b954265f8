import { Random } from '../tensor/random.ts'

let current: Random | undefined

/**
 * Seeds the generator that initial weights, dropout, `rand` and `randn` draw from, so that they repeat.
 * @throws RangeError when `seed` is no integer from 0 to 2^53 - 1
 */
export function manualSeed(seed: number): void {
  current = new Random(seed)
}

/** The generator of this thread; where nobody has seeded it, it starts anywhere. */
export function generator(): Random {
  current ??= new Random(Math.floor(Math.random() * 2 ** 53))
  return current
}
