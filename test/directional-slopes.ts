import { expect } from 'vitest'
import { fromTypedArray } from '../src/tensor/from-typed-array.ts'
import { Random } from '../src/tensor/random.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'
import type { GoldenRow } from './golden-row.ts'
import type { Feeds, LoweredResults } from './run-lowered.ts'

/** How far every element of an input is moved, one way and the other. */
const STEP = 2e-3

/** Directions in which each input is moved. */
const DIRECTIONS = 2

/**
 * Expects the gradients that a run gave to be slopes: every input that has one is moved as a whole, each element up or down by chance, and the
 * sum of the outputs, weighted by their gradients, has to change by what the gradient says. Differences are central ones.
 */
export async function expectDirectionalSlopes(
  row: GoldenRow,
  results: LoweredResults,
  run: (feeds: Feeds) => Promise<LoweredResults>,
): Promise<void> {
  const random = new Random(7)
  for (const [at, { kind, index }] of row.expected.entries()) {
    if (kind !== 'gradient') continue
    const gradient = (results[`o${at}`]?.values ?? []).map(Number)
    for (let i = 0; i < DIRECTIONS; i++) {
      const signs = Array.from(random.uniform(gradient.length), (u) => (u < 0.5 ? -1 : 1))
      const [up, down] = [moved(row, index, signs, STEP), moved(row, index, signs, -STEP)]
      const rise = weighted(row, await run(up.feeds)) - weighted(row, await run(down.feeds))
      const expected = gradient.reduce(
        (total, g, j) => total + g * ((up.data[j] ?? 0) - (down.data[j] ?? 0)),
        0,
      )
      const length = Math.hypot(...gradient)
      const difference = Math.abs(rise - expected) / (2 * STEP)
      expect(difference, `${row.golden.name}: slope in input ${index}`).toBeLessThan(0.01 * (1 + length))
    }
  }
}

function moved(
  { golden, feeds }: GoldenRow,
  index: number,
  signs: readonly number[],
  by: number,
): { feeds: Feeds; data: Float32Array } {
  const name = `i${golden.inputs.slice(0, index).filter((key) => key !== null).length}`
  const array = feeds[name]
  if (array?.dtype !== 'float32')
    throw new TypeError(`Cannot move input ${index}: expected float32, got ${array?.dtype}`)
  const data = toFloat32(array).map((x, i) => x + by * (signs[i] ?? 0))
  return { feeds: { ...feeds, [name]: fromTypedArray(data, array.shape) }, data }
}

/** The sum of the outputs, each times its gradient. */
function weighted({ golden, feeds, expected }: GoldenRow, results: LoweredResults): number {
  let next = golden.inputs.filter((key) => key !== null).length
  let total = 0
  for (const [i, key] of (golden.gradOutputs ?? []).entries()) {
    if (key === null) continue
    const array = feeds[`i${next++}`]
    const at = expected.findIndex(({ kind, index }) => kind === 'output' && index === i)
    const weights = array ? toFloat32(array) : []
    const values = results[`o${at}`]?.values ?? []
    for (const [j, weight] of weights.entries()) total += weight * Number(values[j])
  }
  return total
}
