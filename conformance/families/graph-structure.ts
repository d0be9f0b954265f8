import type { GraphModule } from 'lowbit'
import type { Divergence } from '../divergence.ts'
import { isSizeNode, type RecordedArgument, type RecordedNode } from './graph-recordings.ts'

type GraphOf = GraphModule['graph']
type NodeOf = GraphOf['nodes'][number]
type ValueOf = NodeOf['outputs'][number]

/**
 * Compares graphs modulo the names of their operations: the same operations on the same values, with fake quantizers of the same names in the same
 * places. Updates of states and counters of batches are left out.
 */
export function compareGraphs(recorded: readonly RecordedNode[], graph: GraphOf): Divergence | undefined {
  const keys = new KeyTable()
  const [theirs, own] = [recordedKeys(recorded, keys), keysOf(graph, keys)]
  const missing = [...theirs.nodes.keys()].find((key) => !own.nodes.has(key))
  if (missing !== undefined)
    return {
      where: `graph at "${theirs.nodes.get(missing)}"`,
      expected: keys.text(missing),
      got: 'no such node',
    }
  const extra = [...own.nodes.keys()].find((key) => !theirs.nodes.has(key))
  if (extra !== undefined)
    return { where: `graph at "${own.nodes.get(extra)}"`, expected: 'no such node', got: keys.text(extra) }
  const [expected, got] = [theirs.outputs.join(), own.outputs.join()]
  return expected === got ? undefined : { where: 'outputs of the graph', expected, got }
}

/** Names of recorded nodes by the names of the nodes that compute the same. */
export function matchNodes(recorded: readonly RecordedNode[], graph: GraphOf): ReadonlyMap<string, string> {
  const keys = new KeyTable()
  const theirs = recordedKeys(recorded, keys).nodes
  const names = new Map<string, string>()
  for (const [key, name] of keysOf(graph, keys).nodes) {
    const known = theirs.get(key)
    if (known !== undefined) names.set(name, known)
  }
  return names
}

/** Whether a state counts batches: the reference counts those of evaluation too, and drops the counter where it finalizes for itself. */
export function isBatchCounter(state: string): boolean {
  return state.endsWith('num_batches_tracked')
}

/** Numbers for what nodes compute: equal for equal operations on equal inputs, whatever the nodes are called. */
class KeyTable {
  readonly #keys = new Map<string, number>()
  readonly #texts: string[] = []

  key(text: string): number {
    const known = this.#keys.get(text)
    if (known !== undefined) return known
    this.#keys.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  text(key: number): string {
    return `${key}: ${this.#texts[key]}`
  }
}

interface GraphKeys {
  /** Keys of the nodes, with a name that one of them has. */
  readonly nodes: Map<number, string>
  readonly outputs: number[]
}

function keysOf(graph: GraphOf, keys: KeyTable): GraphKeys {
  const values = new Map<ValueOf, number>(graph.inputs.map(({ value, name }) => [value, keys.key(name)]))
  const nodes = new Map<number, string>()
  const counters = new Set(graph.inputs.flatMap(({ value, name }) => (isBatchCounter(name) ? [value] : [])))
  for (const node of graph.nodes) {
    if (node.op.name === 'lowbit.assign' || node.inputs.some((input) => input && counters.has(input)))
      continue
    const inputs = node.inputs.flatMap((input) => (input ? [values.get(input)] : []))
    const key = keys.key(`${typeOf(node)}(${inputs.join()})`)
    nodes.set(key, node.name)
    node.outputs.forEach((value, i) => {
      values.set(value, i === 0 ? key : keys.key(`${key}#${i}`))
    })
  }
  return { nodes, outputs: graph.outputs.map((value) => values.get(value) ?? -1) }
}

function typeOf({ op, attrs }: NodeOf): string {
  return typeof attrs.target === 'string' ? attrs.target : op.name.replace('aten.', '')
}

function recordedKeys(graph: readonly RecordedNode[], keys: KeyTable): GraphKeys {
  const values = new Map<string, number>()
  const nodes = new Map<number, string>()
  const outputs: number[] = []
  const sizes = new Set(graph.filter(isSizeNode).map(({ name }) => name))
  const read = (given: RecordedArgument): number[] => {
    if (Array.isArray(given)) return given.flatMap(read)
    return typeof given === 'object' && given !== null && 'node' in given && !sizes.has(given.node)
      ? [values.get(given.node) ?? -1]
      : []
  }
  const counters = new Set<number>()
  for (const { name, op, target, args } of graph) {
    if (sizes.has(name)) continue
    if (op === 'get_attr' || op === 'placeholder') {
      values.set(name, keys.key(target))
      if (isBatchCounter(target)) counters.add(keys.key(target))
    } else if (args.flatMap(read).some((key) => counters.has(key))) continue
    else if (op === 'output') outputs.push(...args.flatMap(read))
    else if (target === 'operator.getitem') {
      const [source = -1] = args.flatMap(read)
      values.set(name, args[1] === 0 ? source : keys.key(`${source}#${String(args[1])}`))
    } else if (!target.startsWith('aten._')) {
      const type = op === 'call_module' ? name : (target.split('.')[1] ?? '').replace(/_$/, '')
      const key = keys.key(`${type}(${args.flatMap(read).join()})`)
      nodes.set(key, name)
      values.set(name, key)
    }
  }
  return { nodes, outputs }
}
