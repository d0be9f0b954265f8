import { type GraphModule, stateDict } from 'lowbit'
import { type HostArray, toFloat32 } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'
import { compareClosely, numbersOf } from './graph-numbers.ts'
import { isBatchCounter } from './graph-structure.ts'
import { compareBytes, compareStateLists, type StoredStates } from './recorded-states.ts'

/** Part of all elements of weights with a batch norm folded into them that may be one step away. */
const MAX_FLIPS = 1e-3

/**
 * Compares names, dtypes and shapes of all states, and the elements of those that are stored.
 * @param lost biases that the reference lost
 */
export async function compareFinalizedStates(
  { states, tensors, prefix }: StoredStates,
  model: GraphModule,
  prepared: GraphModule,
  lost: ReadonlySet<string>,
): Promise<Divergence | undefined> {
  const got = await stateDict(model)
  const missing = compareStateLists(states, got)
  if (missing !== undefined) return missing
  const folded = new FoldedWeights(prepared, got)
  for (const [name, , , kind] of states) {
    const [expected, own] = [tensors.get(prefix + name), got.get(name)]
    if (
      kind !== 'stored' ||
      expected === undefined ||
      own === undefined ||
      isBatchCounter(name) ||
      lost.has(name)
    )
      continue
    const divergence = folded.compare(name, expected, own) ?? compareOne(folded, name, expected, own)
    if (divergence !== undefined) return divergence
  }
  return folded.verdict()
}

function compareOne(
  folded: FoldedWeights,
  name: string,
  expected: HostArray,
  got: HostArray,
): Divergence | undefined {
  if (folded.has(name)) return undefined
  if (expected.dtype === 'uint8' && got.dtype !== 'uint8') return compareBytes(name, expected, got)
  if (name.endsWith('zero_point')) return compareClosely(name, expected, got, { relative: 0, absolute: 1 })
  if (!got.dtype.startsWith('float')) return compareClosely(name, expected, got, { relative: 0 })
  const range = numbersOf(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return compareClosely(name, expected, got, {
    relative: 1e-5,
    absolute: name.endsWith('bias') ? 1e-6 * range : 0,
  })
}

/**
 * Weights with a batch norm folded into them. The reference's square roots are not rounded correctly, so that such a weight may come to lie on the
 * other side of the middle between two steps: a few may be one step away.
 */
class FoldedWeights {
  readonly #names = new Set<string>()
  readonly #states: ReadonlyMap<string, HostArray>
  #count = 0
  #flips = 0

  constructor({ graph }: GraphModule, states: ReadonlyMap<string, HostArray>) {
    this.#states = states
    const names = new Map(graph.inputs.map(({ value, name }) => [value, name]))
    for (const {
      op,
      inputs: [weight, scale],
    } of graph.nodes) {
      const name = weight ? names.get(weight) : undefined
      if (op.name !== 'aten.mul' || name === undefined || scale?.node?.op.name !== 'aten.reshape') continue
      this.#names.add(name).add(`${name.replaceAll('.', '_')}_quantized`)
    }
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  compare(name: string, expected: HostArray, got: HostArray): Divergence | undefined {
    if (!this.has(name)) return undefined
    const [theirs, own] = [numbersOf(expected), numbersOf(got)]
    const step = got.dtype.startsWith('float') ? this.#stepOf(name, theirs) : 1
    for (const [i, value] of theirs.entries()) {
      const distance = Math.abs(value - (own[i] ?? Number.NaN))
      if (!(distance <= step * (1 + 1e-5)))
        return { where: `${name}[${i}]`, expected: String(value), got: String(own[i]) }
      if (distance > 1e-5 * Math.abs(value)) this.#flips++
    }
    this.#count += theirs.length
    return undefined
  }

  verdict(): Divergence | undefined {
    if (this.#flips <= MAX_FLIPS * this.#count) return undefined
    const expected = `at most ${MAX_FLIPS * this.#count} one step away`
    return { where: 'folded weights', expected, got: `${this.#flips} of ${this.#count}` }
  }

  /** The step of a weight that holds fake-quantized values; of fp8 values, whose steps grow, an eighth of the largest. */
  #stepOf(name: string, values: readonly number[]): number {
    const dot = name.lastIndexOf('.') + 1
    const scale = this.#states.get(`${name.slice(0, dot)}_COREML_/${name.slice(dot)}/quantization_scale`)
    if (scale !== undefined) return Math.max(...toFloat32(scale))
    return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 8
  }
}
