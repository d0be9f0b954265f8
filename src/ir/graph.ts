import type { Node, Value } from './node.ts'

/** A named input of a graph. */
export interface GraphInput {
  readonly value: Value
  /** Argument name of a user's input, or the dotted path of a parameter or buffer. */
  readonly name: string
  readonly kind: 'input' | 'state'
}

/** Operations in an order in which they can run, with what goes in and comes out. */
export class Graph {
  readonly inputs: GraphInput[]
  nodes: Node[]
  readonly outputs: Value[]

  constructor(inputs: readonly GraphInput[], nodes: readonly Node[], outputs: readonly Value[]) {
    this.inputs = [...inputs]
    this.nodes = [...nodes]
    this.outputs = [...outputs]
  }

  /** The nodes that read each value, in order; a node that reads a value twice stands twice. Computed anew at every call. */
  users(): Map<Value, Node[]> {
    const users = new Map<Value, Node[]>()
    for (const node of this.nodes) {
      for (const input of node.inputs) {
        if (input === null) continue
        const list = users.get(input)
        if (list === undefined) users.set(input, [node])
        else list.push(node)
      }
    }
    return users
  }

  /** Makes every reader of `from`, the graph's outputs included, read `to` instead, but for the nodes in `except`. */
  replace(from: Value, to: Value, except: ReadonlySet<Node> = new Set()): void {
    for (const node of this.nodes) {
      if (except.has(node)) continue
      for (let i = 0; i < node.inputs.length; i++) if (node.inputs[i] === from) node.inputs[i] = to
    }
    for (let i = 0; i < this.outputs.length; i++) if (this.outputs[i] === from) this.outputs[i] = to
  }
}

/**
 * The nodes that compute `outputs`, in recorded order, without going behind a value for which `isLeaf` holds.
 * Iterative, so that long chains do not exhaust the stack.
 */
export function collectNodes(
  outputs: Iterable<Value>,
  isLeaf: (value: Value) => boolean = () => false,
): Node[] {
  const walk = nextWalk()
  const found: Node[] = []
  const stack: Value[] = [...outputs]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    const { node } = value
    if (node === null || node.walk === walk || isLeaf(value)) continue
    node.walk = walk
    found.push(node)
    for (const input of node.inputs) if (input !== null) stack.push(input)
  }
  return inOrder(found)
}

let lastWalk = 0

/** The number of a new walk: a node whose `walk` it is has been met by it. */
export function nextWalk(): number {
  return ++lastWalk
}

/** Room for nodes that lie apart: up to this many numbers for each. */
const MAX_SPREAD = 16

/** Nodes by their numbers. What was recorded at one time lies close together, so that each finds its place without being compared. */
function inOrder(nodes: readonly Node[]): Node[] {
  let [first, last] = [Number.POSITIVE_INFINITY, 0]
  for (const { id } of nodes) {
    if (id < first) first = id
    if (id > last) last = id
  }
  if (last - first > MAX_SPREAD * nodes.length) return [...nodes].sort((a, b) => a.id - b.id)
  const places = new Array<Node | undefined>(nodes.length === 0 ? 0 : last - first + 1).fill(undefined)
  for (const node of nodes) places[node.id - first] = node
  return places.filter((node) => node !== undefined)
}
