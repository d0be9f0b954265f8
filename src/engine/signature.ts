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
    const places = new Map<Value, number>()
    const numbers: number[] = []
    for (const { inputs, outputs: results } of nodes) {
      for (const input of inputs) {
        const place = input === null ? -1 : (places.get(input) ?? -2)
        numbers.push(place)
        if (place !== -2 || input === null) continue
        const constant = isConstant(input)
        places.set(input, places.size)
        describeLeaf(input, constant, numbers)
        onLeaf(input, constant)
      }
      numbers.push(-3)
      for (const result of results) places.set(result, places.size)
    }
    for (const output of outputs) numbers.push(places.get(output) ?? -1)
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

function describeLeaf(leaf: Value, isConstant: boolean, numbers: number[]): void {
  if (isConstant) numbers.push(-4, storageOf(leaf)?.id ?? 0)
  else numbers.push(dtypes.indexOf(leaf.dtype), leaf.shape.length, ...leaf.shape.map(Number))
}

function allEqual<T>(a: readonly T[], b: readonly T[], equal: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((entry, i) => equal(entry, b[i] as T))
}
