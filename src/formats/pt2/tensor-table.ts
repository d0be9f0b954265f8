import type { GraphInput } from '../../ir/graph.ts'
import type { Value } from '../../ir/node.ts'
import type { JsonView } from './json-view.ts'

/** A tensor of the program. Operations that work in place give it another value. */
interface Cell {
  value: Value
  /** The graph's input that it is. */
  readonly input: GraphInput | undefined
  /** The cells that may share memory with it, itself included. */
  readonly shared: Set<Cell>
  /** The node that changed what it shares memory with, so that its value is out of date. */
  changedBy: string | undefined
}

/** What the names of a program stand for, while its nodes are read in order. */
export class TensorTable {
  readonly #cells = new Map<string, Cell>()
  readonly #byValue = new Map<Value, Cell>()

  /**
   * Gives a name to a value.
   * @param base the value that it is a view of
   * @throws FormatError when the name is taken
   */
  define(name: string, value: Value, at: JsonView, input?: GraphInput, base?: Value | null): void {
    this.#checkFree(name, at)
    const shared = (base && this.#byValue.get(base)?.shared) || new Set<Cell>()
    const cell: Cell = { value, input, shared, changedBy: undefined }
    shared.add(cell)
    this.#cells.set(name, cell)
    this.#byValue.set(value, cell)
  }

  /** The value under a name. @throws FormatError where there is none, or it was changed in place through another tensor */
  read(name: string, at: JsonView): Value {
    const cell = this.#cells.get(name) ?? at.fail('the name of an input or of an earlier result', `"${name}"`)
    if (cell.changedBy !== undefined)
      at.fail(
        `a tensor that nothing changes in place through a view`,
        `"${name}", which "${cell.changedBy}" changes`,
      )
    return cell.value
  }

  /** Gives the tensor that has a value another one, under one more name. */
  replace(before: Value, name: string, value: Value, at: JsonView): Pick<Cell, 'input'> | undefined {
    this.#checkFree(name, at)
    const cell = this.#byValue.get(before)
    if (cell === undefined) return undefined
    for (const other of cell.shared) if (other !== cell) other.changedBy = name
    cell.value = value
    this.#cells.set(name, cell)
    this.#byValue.set(value, cell)
    return cell
  }

  #checkFree(name: string, at: JsonView): void {
    if (this.#cells.has(name)) at.fail('a name that is not taken', `"${name}" again`)
  }
}
