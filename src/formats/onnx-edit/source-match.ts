import type { Node, Value } from '../../ir/node.ts'
import type { ImportedState } from '../onnx-reader/graph-importer.ts'
import type { OnnxSource } from '../onnx-reader/onnx-source.ts'

/** A value of the file that an operation begins with, and what stands in its place now. */
export interface Leaf {
  /** What the file calls it. */
  readonly name: string
  /** The value as it was imported. */
  readonly original: Value
  readonly value: Value
}

/**
 * Holds a graph against the one that was imported from a file. An operation whose inner steps, those that the file has no names for, are what they were is
 * still computed by the file's nodes: only what it begins with may have changed.
 */
export class SourceMatch {
  readonly #source: OnnxSource
  readonly #states: ReadonlyMap<Value, ImportedState>
  readonly #isChanged: (path: string) => boolean

  /** @param isChanged whether a parameter or buffer has other elements than in the file */
  constructor(source: OnnxSource, isChanged: (path: string) => boolean) {
    const byPath = new Map(source.states.map((state) => [state.path, state]))
    this.#source = source
    this.#states = new Map(
      source.graph.inputs.flatMap(({ value, name }) => {
        const state = byPath.get(name)
        return state === undefined ? [] : [[value, state] as const]
      }),
    )
    this.#isChanged = isChanged
  }

  /** The parameter or buffer of the file that a value of the imported graph is. */
  state(original: Value): ImportedState | undefined {
    return this.#states.get(original)
  }

  /** What the file calls a value of the imported graph. */
  nameOf(original: Value): string | undefined {
    const state = this.#states.get(original)
    return state === undefined ? this.#source.names.get(original) : state.source
  }

  /** What the file calls a value of a graph that is a copy of the imported one, where it is still that. */
  nameOfCopy(value: Value): string | undefined {
    const original = originalOf(value)
    return original && this.nameOf(original)
  }

  /** What the file calls the results of a node of the imported graph; '' for one that it does not have. */
  resultsOf(original: Node): string[] {
    return original.outputs.map((value) => this.#source.names.get(value) ?? '')
  }

  /** What an operation begins with; undefined where the file's nodes do not compute it any more. */
  leavesOf(node: Node): readonly Leaf[] | undefined {
    const leaves: Leaf[] = []
    return this.#collect(node, leaves) ? leaves : undefined
  }

  /** The same for a value that stands where `original` was, such as a result of the graph. */
  leavesAt(value: Value, original: Value): readonly Leaf[] | undefined {
    const leaves: Leaf[] = []
    return this.#compare(value, original, leaves) ? leaves : undefined
  }

  #collect(node: Node, leaves: Leaf[]): boolean {
    const { source } = node
    if (source === undefined || source.inputs.length !== node.inputs.length) return false
    return source.inputs.every((original, i) => {
      const value = node.inputs[i] ?? null
      if (original === null || value === null) return original === value
      return this.#compare(value, original, leaves)
    })
  }

  #compare(value: Value, original: Value, leaves: Leaf[]): boolean {
    const name = this.nameOf(original)
    if (name !== undefined) {
      leaves.push({ name, original, value })
      return true
    }
    const state = this.#states.get(original)
    if (state !== undefined) return value === original && !this.#isChanged(state.path)
    const isInner = original.node !== null && originalOf(value) === original && value.node !== null
    return isInner && this.#collect(value.node, leaves)
  }
}

/** Whether a leaf is what it was. */
export function isSame({ value, original }: Leaf): boolean {
  return originalOf(value) === original
}

/** The value of the imported graph that a value is a copy of. Inputs are shared by all copies; those that are new are their own. */
export function originalOf(value: Value): Value | undefined {
  return value.node === null ? value : value.node.source?.outputs[value.index]
}
