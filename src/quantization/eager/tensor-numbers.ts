import { Tensor } from '../../engine/tensor.ts'

/** Numbers tensors, and gives those that are changed in place new numbers. */
export class TensorNumbers {
  readonly #numbers = new Map<Tensor, number>()
  #next = 0

  /** The number of a tensor in its present state. */
  of(tensor: Tensor): number {
    const known = this.#numbers.get(tensor)
    if (known !== undefined) return known
    this.#numbers.set(tensor, this.#next)
    return this.#next++
  }

  /** Numbers of all tensors in a structure by their places in it; undefined where something else stands. */
  in(structure: unknown): (number | undefined)[] {
    return leaves(structure).map((leaf) => (leaf instanceof Tensor ? this.of(leaf) : undefined))
  }

  /** A tensor is another one under a second name. */
  same(tensor: Tensor, other: Tensor): void {
    this.#numbers.set(tensor, this.of(other))
  }

  /** A tensor has been changed in place. */
  changed(tensor: Tensor): void {
    this.#numbers.delete(tensor)
  }
}

/** What stands in a structure of arrays and plain objects, in order. */
function leaves(structure: unknown): unknown[] {
  if (Array.isArray(structure)) return structure.flatMap(leaves)
  if (
    structure !== null &&
    typeof structure === 'object' &&
    Object.getPrototypeOf(structure) === Object.prototype
  ) {
    return Object.values(structure).flatMap(leaves)
  }
  return [structure]
}
