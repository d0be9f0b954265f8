import { type Dim, dimsEqual, evaluateDim, symbolsOf } from '../../ir/dim.ts'
import type { Value } from '../../ir/node.ts'

/** Two sizes that differ as expressions and have to be equal. */
export class SizeConflict extends Error {
  override readonly name: string = 'SizeConflict'
  readonly sizes: readonly [Dim, Dim]

  constructor(a: Dim, b: Dim) {
    super(`Cannot combine the sizes ${a} and ${b}: expected equal ones`)
    this.sizes = [a, b]
  }
}

/** What is learned from sizes that have to be equal: a size is a multiple of another number, or is another size. */
export interface SizeFact {
  readonly symbol: string
  readonly factor?: number
  readonly fixed?: number
  readonly same?: string
}

/** The first pair of sizes of inputs that differs where it must not; undefined where all fit, or only numbers differ. */
export function conflictOf(inputs: readonly (Value | null)[]): SizeConflict | undefined {
  const shapes = inputs.flatMap((input) => (input === null ? [] : [input.shape]))
  for (const [i, a] of shapes.entries()) {
    for (const b of shapes.slice(i + 1)) {
      for (let axis = 1; axis <= Math.min(a.length, b.length); axis++) {
        const [x = 1, y = 1] = [a.at(-axis), b.at(-axis)]
        if (x === 1 || y === 1 || dimsEqual(x, y)) continue
        if (typeof x !== 'number' || typeof y !== 'number') return new SizeConflict(x, y)
      }
    }
  }
  return undefined
}

/** What holds for so many multiples of a number is taken to hold for all of them. */
const MULTIPLES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 29, 31, 97]
const MAX_FACTOR = 256
const MAX_FIXED = 65536

/** What has to hold of the named sizes so that two expressions are equal; undefined where nothing simple does. */
export function resolveConflict([a, b]: readonly [Dim, Dim]): SizeFact | undefined {
  const [first, second, ...more] = new Set([...symbolsOf(a), ...symbolsOf(b)])
  if (first === undefined || more.length > 0) return undefined
  if (second !== undefined) return sameSymbol(a, b)
  const holds = (value: number) => valueAt(a, first, value) === valueAt(b, first, value)
  for (let factor = 2; factor <= MAX_FACTOR; factor++)
    if (MULTIPLES.every((times) => holds(factor * times))) return { symbol: first, factor }
  for (let fixed = 1; fixed <= MAX_FIXED; fixed++) if (holds(fixed)) return { symbol: first, fixed }
  return undefined
}

function sameSymbol(a: Dim, b: Dim): SizeFact | undefined {
  const [x] = symbolsOf(a)
  const [y] = symbolsOf(b)
  if (x === undefined || y === undefined || x === y) return undefined
  const holds = [3, 7, 32, 96].every((value) => valueAt(a, x, value) === valueAt(b, y, value))
  return holds ? { symbol: y, same: x } : undefined
}

function valueAt(dim: Dim, name: string, value: number): number {
  return evaluateDim(dim, new Map([[name, value]]))
}
