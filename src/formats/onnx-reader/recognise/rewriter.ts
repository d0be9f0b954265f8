import { Graph } from '../../../ir/graph.ts'
import type { Node, Value } from '../../../ir/node.ts'

/** What a file calls values. */
export type ValueNames = Map<Value, string>

/** What takes the place of a node: new nodes, of which the last gives its result. */
export type Replacement = readonly Node[] | undefined

/**
 * Rewrites the nodes for which `rule` gives a replacement, the last node of what it stands for, and drops what nothing reads any more.
 * Requires nodes in an order in which they can run; ensures the same order and results. What has a name passes it on.
 */
export function rewrite(graph: Graph, names: ValueNames, rule: (node: Node) => Replacement): Graph {
  const replaced = new Map<Value, Value>()
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    for (const [i, input] of node.inputs.entries()) if (input) node.inputs[i] = replaced.get(input) ?? input
    const made = rule(node)
    const [before, after] = [node.outputs[0], made?.at(-1)?.outputs[0]]
    if (made === undefined || before === undefined || after === undefined) return [node]
    replaced.set(before, after)
    passOnName(names, before, after)
    return made
  })
  const outputs = graph.outputs.map((value) => replaced.get(value) ?? value)
  return new Graph(graph.inputs, liveNodes(nodes, outputs), outputs)
}

/** A value that takes the place of another one is called as that was. */
export function passOnName(names: ValueNames, before: Value, after: Value): void {
  const name = names.get(before)
  if (name !== undefined) names.set(after, name)
}

function liveNodes(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const read = new Set<Value | null>(outputs)
  const live: Node[] = []
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) continue
    for (const input of node.inputs) read.add(input)
    live.push(node)
  }
  return live.reverse()
}

/** The node that makes a value, where it is one of this operation. */
export function maker(value: Value | null | undefined, name: string): Node | undefined {
  const node = value?.node
  return node?.op.name === `aten.${name}` ? node : undefined
}

/** The input of a function of one tensor and a number close to `other`. */
export function operandBeside(
  value: Value | null | undefined,
  name: string,
  other: number,
): Value | undefined {
  const node = maker(value, name)
  const number = node?.attrs.other ?? node?.attrs.exponent
  const isIt = typeof number === 'number' && Math.abs(number - other) <= 1e-4 * Math.abs(other)
  return isIt ? (node?.inputs[0] ?? undefined) : undefined
}

/** Both orders of a node's two inputs. */
export function pairs({ inputs: [a, b] }: Node): [Value, Value][] {
  return a && b
    ? [
        [a, b],
        [b, a],
      ]
    : []
}
