import type { GraphProto } from '../../../codec/onnx.ts'
import { tensorProto } from '../../../lowering/model-builder.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { fromValues } from '../../../tensor/from-values.ts'

/** Adds constants to a model, for what were attributes. Equal ones are one. */
export class Tensors {
  readonly #graph: GraphProto
  readonly #taken: Set<string>
  readonly #known = new Map<string, string>()

  /** @param graph where the constants go: graphs inside it see them */
  constructor(graph: GraphProto) {
    this.#graph = graph
    this.#taken = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
    for (const { output } of graph.node) for (const name of output) this.#taken.add(name)
  }

  /** Name of a constant list of integers. */
  ints(values: readonly (number | bigint)[]): string {
    return this.#add('int64', [values.length], values)
  }

  /** Name of a constant integer. */
  scalar(value: bigint): string {
    return this.#add('int64', [], [value])
  }

  /** Name of a constant list of floats, or of one float. */
  floats(values: readonly number[] | number): string {
    return typeof values === 'number'
      ? this.#add('float32', [], [values])
      : this.#add('float32', [values.length], values)
  }

  #add(dtype: DType, shape: readonly number[], values: readonly (number | bigint)[]): string {
    const key = `${dtype} ${shape.join()} ${values.map(String).join()}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    let name = `lowbit_constant_${this.#known.size}`
    while (this.#taken.has(name)) name += '_'
    this.#taken.add(name)
    this.#known.set(key, name)
    const array = fromValues(dtype, shape, values)
    this.#graph.initializer.push(tensorProto(name, dtype, shape, array.bytes))
    return name
  }
}
