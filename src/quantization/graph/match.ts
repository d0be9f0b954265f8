import type { Node } from '../../ir/node.ts'
import { type GraphView, opTypeOf, outputOf } from './graph-view.ts'
import type { Pattern } from './patterns.ts'

/** A pattern found in a graph. */
export interface Match {
  readonly pattern: Pattern
  /** The node that configs are looked up for: the first of the chain. */
  readonly key: Node
  /** The nodes of the chain, one for each step. */
  readonly nodes: readonly Node[]
}

/** Every place where a pattern fits, by pattern and then in the order of the graph. Reads each node once for each pattern that begins with its operation. */
export function findMatches(view: GraphView, patterns: readonly Pattern[]): Match[] {
  const byType = nodesByType(view)
  return patterns.flatMap((pattern) => {
    const [first = []] = pattern.steps
    const keys = first
      .flatMap((type) => byType.get(type) ?? [])
      .sort((a, b) => view.position(a) - view.position(b))
    return keys.flatMap((key) => {
      const nodes = followChain(view, key, pattern)
      return nodes === undefined ? [] : [{ pattern, key, nodes }]
    })
  })
}

/** Names of the nodes that can be configured: the keys of all matches. */
export function compressibleNames(matches: readonly Match[]): Set<string> {
  return new Set(matches.map(({ key }) => key.name))
}

function followChain(view: GraphView, key: Node, { steps }: Pattern): Node[] | undefined {
  const nodes = [key]
  for (const types of steps.slice(1)) {
    const last = nodes.at(-1) ?? key
    const [next] = view.users(outputOf(last))
    const fits = next !== undefined && next.inputs[0] === outputOf(last) && types.includes(opTypeOf(next))
    if (!fits || view.countReaders(last) !== 1) return undefined
    nodes.push(next)
  }
  return nodes
}

function nodesByType(view: GraphView): Map<string, Node[]> {
  const byType = new Map<string, Node[]>()
  for (const node of view.nodes) {
    if (!node.quantizable) continue
    const type = opTypeOf(node)
    const list = byType.get(type)
    if (list === undefined) byType.set(type, [node])
    else list.push(node)
  }
  return byType
}
