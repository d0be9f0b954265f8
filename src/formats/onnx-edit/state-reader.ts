import type { Value } from '../../ir/node.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { contentOf, stateName, widened } from '../onnx/state-initializer.ts'

/** Parameters and buffers of a model, and those that are made for the file, by the values that they are in its graph. */
export class StateReader {
  readonly #module: GraphModule
  readonly #paths: ReadonlyMap<Value, string>
  readonly #made = new Map<Value, HostArray>()
  readonly #opset: number

  /** @param opset of the file: older ones have no integers of two bits */
  constructor(module: GraphModule, opset: number) {
    this.#module = module
    this.#opset = opset
    const states = module.graph.inputs.filter(({ kind }) => kind === 'state')
    this.#paths = new Map(states.map(({ value, name }) => [value, name]))
  }

  /** Whether a value is a parameter or buffer. */
  has(value: Value): boolean {
    return this.#made.has(value) || this.#paths.has(value)
  }

  /** Path of a parameter or buffer of the model. */
  pathOf(value: Value): string | undefined {
    return this.#paths.get(value)
  }

  /** Adds what is made for the file. */
  add(value: Value, content: HostArray): void {
    this.#made.set(value, content)
  }

  /** Elements, as the file can have them. */
  async content(value: Value): Promise<HostArray> {
    const made = this.#made.get(value)
    if (made !== undefined) return made
    return widened(await contentOf(this.#module, this.#paths.get(value) ?? '?'), this.#opset)
  }

  /** Name and elements of a parameter or buffer of the model; undefined for another value. */
  async named(value: Value): Promise<{ readonly name: string; readonly content: HostArray } | undefined> {
    const path = this.#paths.get(value)
    return path === undefined ? undefined : { name: stateName(path), content: await this.content(value) }
  }
}
