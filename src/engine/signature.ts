import { type Attributes, attributesEqual } from '../ir/attributes.ts'
import type { Node, Value } from '../ir/node.ts'
import type { Operation } from '../ir/operation.ts'
import { dtypes } from '../tensor/dtype.ts'
import { storageOf } from './placement.ts'

/** What a session depends on: operations and their arguments, how they are wired, and the types of what is fed. Holds no data alive. */
export class Signature {
  readonly #operations: readonly Operation[]
  readonly #attributes: readonly Attributes[]
  /** The rest, in the order of a walk through the nodes. */
  readonly #numbers: readonly number[]
  readonly #hash: number

  private constructor(nodes: readonly Node[], numbers: readonly number[]) {
    this.#operations = nodes.map(({ op }) => op)
    this.#attributes = nodes.map(({ attrs }) => attrs)
    this.#numbers = numbers
    this.#hash = numbers.reduce((hash, number) => Math.imul(hash ^ number, 0x01000193), 0)
  }

  /**
   * The signature of nodes in the order in which they run.
   * @param constants leaves that are part of the session: their identity counts
   * @param onLeaf told of each leaf, at its first use
   */
  static of(
    nodes: readonly Node[],
    outputs: readonly Value[],
    isConstant: (leaf: Value) => boolean,
    onLeaf: (leaf: Value, isConstant: boolean) => void,
  ): Signature {
    const places = new Places(nodes)
    const numbers: number[] = []
    for (const { inputs, outputs: results } of nodes) {
      for (const input of inputs) {
        const place = input === null ? ABSENT : places.get(input)
        numbers.push(place)
        if (place !== UNKNOWN || input === null) continue
        const constant = isConstant(input)
        places.add(input)
        describeLeaf(input, constant, numbers)
        onLeaf(input, constant)
      }
      numbers.push(-3)
      for (const result of results) places.add(result)
    }
    for (const output of outputs) numbers.push(places.get(output))
    return new Signature(nodes, numbers)
  }

  /** Whether one session serves both. */
  equals(other: Signature): boolean {
    return (
      this.#hash === other.#hash &&
      allEqual(this.#numbers, other.#numbers, Object.is) &&
      allEqual(this.#operations, other.#operations, (a, b) => a === b || a.name === b.name) &&
      allEqual(this.#attributes, other.#attributes, attributesEqual)
    )
  }
}

const ABSENT = -1
const UNKNOWN = -2

/** Numbers that nodes may take up, for each node. */
const MAX_SPREAD = 16

/** Counts values. Those that the nodes compute, whose ids follow closely on each other, stand in an array; leaves in a map. */
class Places {
  readonly #first: number
  readonly #computed: Int32Array
  readonly #others = new Map<Value, number>()
  #count = 0

  constructor(nodes: readonly Node[]) {
    const span = (nodes.at(-1)?.outputs.at(-1)?.id ?? 0) - (nodes[0]?.id ?? 0) + 1
    this.#first = nodes[0]?.id ?? 0
    this.#computed = new Int32Array(span <= MAX_SPREAD * nodes.length ? span : 0).fill(UNKNOWN)
  }

  get(value: Value): number {
    const place = this.#computed[value.id - this.#first]
    return place ?? this.#others.get(value) ?? UNKNOWN
  }

  add(value: Value): void {
    const at = value.id - this.#first
    if (at >= 0 && at < this.#computed.length) this.#computed[at] = this.#count++
    else this.#others.set(value, this.#count++)
  }
}

function describeLeaf(leaf: Value, isConstant: boolean, numbers: number[]): void {
  if (isConstant) numbers.push(-4, storageOf(leaf)?.id ?? 0)
  else numbers.push(dtypes.indexOf(leaf.dtype), leaf.shape.length, ...leaf.shape.map(Number))
}

function allEqual<T>(a: readonly T[], b: readonly T[], equal: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((entry, i) => equal(entry, b[i] as T))
}
