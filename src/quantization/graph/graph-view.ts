import type { Graph, GraphInput } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/node.ts'
import { isFloating } from '../../tensor/dtype.ts'

/** Operations that give a compressed state back in full: what they return counts as the state. */
const DECOMPRESSIONS = new Set([
  'lut_to_dense',
  'constexpr_blockwise_shift_scale',
  'sparse_to_dense',
  'sparse_with_bitmask_to_dense',
])

/** A graph with what annotation keeps asking about it, worked out once. The graph must not change while the view is used. */
export class GraphView {
  readonly graph: Graph
  readonly #positions = new Map<Node, number>()
  readonly #users = new Map<Value, Node[]>()
  readonly #outputs: ReadonlySet<Value>
  readonly #inputs = new Map<Value, GraphInput>()
  readonly #reads = new Map<Node, readonly Value[]>()

  constructor(graph: Graph) {
    this.graph = graph
    this.#outputs = new Set(graph.outputs)
    for (const input of graph.inputs) this.#inputs.set(input.value, input)
    graph.nodes.forEach((node, i) => {
      this.#positions.set(node, i)
      const reads = [...new Set(node.inputs.filter((value) => value !== null))]
      this.#reads.set(node, reads)
      for (const value of reads) {
        const users = this.#users.get(value)
        if (users === undefined) this.#users.set(value, [node])
        else users.push(node)
      }
    })
  }

  /** The nodes in the order in which they run. */
  get nodes(): readonly Node[] {
    return this.graph.nodes
  }

  /** Place of a node in that order. */
  position(node: Node): number {
    return this.#positions.get(node) ?? -1
  }

  /** The tensors that a node reads, each once, in the order of its arguments. A slot's index counts in them. */
  reads(node: Node): readonly Value[] {
    return this.#reads.get(node) ?? []
  }

  /** The nodes that read a value, each once, in order. */
  users(value: Value): readonly Node[] {
    return this.#users.get(value) ?? []
  }

  /** The nodes that read any output of a node, in order. */
  readers(node: Node): readonly Node[] {
    return node.outputs.flatMap((value) => this.users(value))
  }

  /** Whether a value is a result of the graph. */
  isOutput(value: Value): boolean {
    return this.#outputs.has(value)
  }

  /** How many nodes read a node, where the graph's result counts as one more. */
  countReaders(node: Node): number {
    return new Set(this.readers(node)).size + (node.outputs.some((value) => this.isOutput(value)) ? 1 : 0)
  }

  /** The graph's input that a value is, if it is one. */
  input(value: Value): GraphInput | undefined {
    return this.#inputs.get(value)
  }

  /** Name of the operation or input that a value comes from; a state's path. Further results of an operation are counted: `max_pool2d#1`. */
  nameOf(value: Value): string {
    if (value.node === null) return this.input(value)?.name ?? '?'
    return value.index === 0 ? value.node.name : `${value.node.name}#${value.index}`
  }

  /** Whether a value is a parameter or buffer, or a compressed one given back in full. */
  isState(value: Value): boolean {
    return (
      this.input(value)?.kind === 'state' || (value.node !== null && DECOMPRESSIONS.has(opTypeOf(value.node)))
    )
  }
}

/** What configs and patterns call a node's operation: `conv2d`. */
export function opTypeOf({ op }: Node): string {
  return op.name.slice(op.name.lastIndexOf('.') + 1)
}

/** Path of the innermost module that a node belongs to. */
export function modulePathOf({ scope }: Node): string {
  return scope?.path ?? ''
}

/** The first output of a node, which is the one that observers look at. */
export function outputOf(node: Node): Value {
  const [output] = node.outputs
  if (output === undefined)
    throw new RangeError(`Cannot use "${node.name}": expected an output, got none (a bug in lowbit)`)
  return output
}

/** Whether a value can be quantized. */
export function isQuantizable(value: Value): boolean {
  return isFloating(value.dtype)
}
