import { type Shape, sizeOf } from './shape.ts'

/**
 * Reproducible random numbers: the same seed gives the same numbers on every machine (those of `normal` up to the last digit of
 * the engine's logarithm). The generator is xoshiro128** by Blackman and Vigna (https://prng.di.unimi.it), seeded by a 32-bit
 * splitmix; it is fast and statistically sound, and it is no source of secrets.
 *
 * @example
 * new Random(0).permutation(4) // => Int32Array.of(0, 3, 2, 1)
 */
export class Random {
  #s0: number
  #s1: number
  #s2: number
  #s3: number
  /** Second number of the last pair of normal values, when it is still unused. */
  #spare: number | undefined

  /** @throws RangeError when `seed` is no integer from 0 to 2^53 - 1 */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(
        `Cannot make a generator from "seed": expected an integer from 0 to 2^53 - 1, got ${seed}`,
      )
    }
    const [s0, s1, s2, s3] = expandSeed(seed >>> 0, Math.floor(seed / 2 ** 32))
    this.#s0 = s0
    this.#s1 = s1
    this.#s2 = s2
    this.#s3 = s3
  }

  /** Evenly distributed values in [low, high), as float32 in steps of 2^-24 of the interval. */
  uniform(size: number | Shape, low = 0, high = 1): Float32Array<ArrayBuffer> {
    const values = new Float32Array(countOf(size))
    for (let i = 0; i < values.length; i++) {
      const value = Math.fround(low + (high - low) * this.#fraction())
      values[i] = value < high ? value : low
    }
    return values
  }

  /** Normally distributed values, by Marsaglia's polar method. */
  normal(size: number | Shape, mean = 0, std = 1): Float32Array<ArrayBuffer> {
    const values = new Float32Array(countOf(size))
    for (let i = 0; i < values.length; i++) values[i] = mean + std * this.#standardNormal()
    return values
  }

  /** Evenly distributed integers in [low, high), without bias; the interval holds at most 2^32 of them. */
  integers(low: number, high: number, size: number | Shape): Int32Array<ArrayBuffer> {
    if (
      !Number.isInteger(low) ||
      !Number.isInteger(high) ||
      high <= low ||
      low < -(2 ** 31) ||
      high > 2 ** 31
    ) {
      throw new RangeError(
        `Cannot draw "integers": expected -2^31 <= low < high <= 2^31, got [${low}, ${high})`,
      )
    }
    const values = new Int32Array(countOf(size))
    for (let i = 0; i < values.length; i++) values[i] = low + this.#below(high - low)
    return values
  }

  /** The integers from 0 to n - 1 in random order (Fisher-Yates). */
  permutation(n: number): Int32Array<ArrayBuffer> {
    const order = Int32Array.from({ length: n }, (_, index) => index)
    for (let last = n - 1; last > 0; last--) {
      const chosen = this.#below(last + 1)
      const value = order[last] ?? 0
      order[last] = order[chosen] ?? 0
      order[chosen] = value
    }
    return order
  }

  /**
   * A generator of its own, seeded by this one's next numbers: what is drawn from it does not change what comes from this one
   * afterwards.
   */
  fork(): Random {
    const seed = (this.#next() >>> 11) * 2 ** 32 + this.#next()
    return new Random(seed)
  }

  #standardNormal(): number {
    const spare = this.#spare
    if (spare !== undefined) {
      this.#spare = undefined
      return spare
    }
    for (;;) {
      const x = 2 * this.#fraction() - 1
      const y = 2 * this.#fraction() - 1
      const square = x * x + y * y
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square)
        this.#spare = y * factor
        return x * factor
      }
    }
  }

  /** An integer in [0, bound); numbers in the incomplete last stretch of 2^32 are drawn again. */
  #below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const drawn = this.#next()
      if (drawn < limit) return drawn % bound
    }
  }

  #fraction(): number {
    return (this.#next() >>> 8) * 2 ** -24
  }

  #next(): number {
    const s0 = this.#s0
    const s1 = this.#s1
    const s2 = this.#s2
    const s3 = this.#s3
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    this.#s0 = s0 ^ s3 ^ s1
    this.#s1 = s1 ^ s2 ^ s0
    this.#s2 = s2 ^ s0 ^ (s1 << 9)
    this.#s3 = rotateLeft(s3 ^ s1, 11)
    return result
  }
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count))
}

function countOf(size: number | Shape): number {
  return typeof size === 'number' ? size : sizeOf(size)
}

/** Four words of state out of the two halves of a seed; the last is odd, for xoshiro could not leave a state of zeros. */
function expandSeed(low: number, high: number): [number, number, number, number] {
  const word = (index: number): number =>
    mix(mix(low + Math.imul(index, 0x9e3779b9)) ^ (high + Math.imul(index, 0x85ebca6b)))
  return [word(1), word(2), word(3), word(4) | 1]
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the word. */
function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
