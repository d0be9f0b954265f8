import type { GraphProto } from '../../codec/onnx.ts'
import type { Value } from '../../ir/node.ts'
import type { NodeCall } from './node-call.ts'
import { renameGraph } from './opaque/rename-graph.ts'

let lastId = 0

/** A branch with names of its own, to be imported in the place of the node that holds it. */
export interface InlinedBranch {
  readonly graph: GraphProto
  /** Begins the names of everything that the branch makes: the file's graph does not have them. */
  readonly prefix: string
}

/** The branch that an If takes always, because its condition follows from constants and sizes; undefined for another node, or where it depends on data. */
export function takenBranch(call: NodeCall): InlinedBranch | undefined {
  const { node } = call
  if (node.opType !== 'If') return undefined
  const [condition] = call.elements(0) ?? []
  if (typeof condition !== 'number') return undefined
  const branch = call.attribute(condition === 0 ? 'else_branch' : 'then_branch')?.g
  if (branch === undefined) return call.fail('a branch for either answer', 'none')
  const prefix = `branch${++lastId}_`
  const graph = renameGraph(branch, new Map(), prefix)
  // Paths of modules come from the names of nodes.
  for (const inner of graph.node) inner.name = inner.name.replace(prefix, '')
  return { graph, prefix }
}

/** Takes back the names of what a branch makes: nothing outside of it can read them. */
export function forgetNames(names: Map<Value, string>, prefix: string): void {
  for (const [value, name] of names) if (name.startsWith(prefix)) names.delete(value)
}
