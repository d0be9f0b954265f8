import type { Graph, GraphInput } from '../ir/graph.ts'
import type { Node } from '../ir/node.ts'
import { assignState } from './assign-state.ts'

/** Names that a listing gives to the graph's inputs. */
export type InputNames = ReadonlyMap<GraphInput, string>

/** Functions of Python's library that share a name with an operation: a node is never called like one of them, but `abs_1`. */
const RESERVED = new Set(
  'abs all any bool complex filter float hash id input int iter len list map max min next object pow range round set slice sorted sum super tuple type vars zip'.split(
    ' ',
  ),
)

/** Hands out names as `torch.fx` does: a name that is taken gets `_1`, `_2`, ... */
export class NodeNames {
  readonly #taken = new Set<string>()
  readonly #counts = new Map<string, number>()

  /** A name like `candidate` that nothing has yet. */
  fresh(candidate: string): string {
    const [, stem = candidate, digits] = /^(.*)_(\d+)$/.exec(candidate) ?? []
    let count = Number(digits ?? 0) || (this.#counts.get(stem) ?? 0)
    let name = candidate
    while (this.#taken.has(name) || RESERVED.has(name)) name = `${stem}_${++count}`
    this.#taken.add(name)
    this.#counts.set(stem, count)
    return name
  }

  /** Keeps a name from being handed out. */
  take(name: string): void {
    this.#taken.add(name)
  }
}

/**
 * Names every node of a graph as `torch.export` does: the operation's ATen name, with `_1`, `_2`, ... from its second use on, and a
 * trailing underscore where the result replaces a state in place. The user's inputs are named first, the states (their path with underscores) last.
 */
export function nameGraph(graph: Graph): InputNames {
  const names = new NodeNames()
  const inputs = new Map<GraphInput, string>()
  const nameInputs = (kind: GraphInput['kind']) => {
    for (const input of graph.inputs)
      if (input.kind === kind) inputs.set(input, names.fresh(input.name.replaceAll('.', '_')))
  }
  nameInputs('input')
  const inPlace = new Set(
    graph.nodes.flatMap(({ op, inputs: [, content] }) =>
      op.name === assignState.name ? [content?.node] : [],
    ),
  )
  for (const node of graph.nodes) node.name = names.fresh(stemOf(node) + (inPlace.has(node) ? '_' : ''))
  nameInputs('state')
  return inputs
}

/** The names of a named graph: what they hand out is new to it. */
export function namesOf(graph: Graph): NodeNames {
  const names = new NodeNames()
  for (const { name } of graph.nodes) names.take(name)
  for (const { name } of graph.inputs) names.fresh(name.replaceAll('.', '_'))
  return names
}

/** What a node is called before numbers are added: `conv2d` for `aten.conv2d`. */
export function stemOf({ op }: Pick<Node, 'op'>): string {
  return op.name.slice(op.name.lastIndexOf('.') + 1)
}
