import type { ModelProto } from '../../codec/onnx.ts'
import type { Graph } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/node.ts'
import { copyGraph } from '../../nn/copy-graph-module.ts'
import type { ImportedState } from './graph-importer.ts'

/** The file that a graph came from, and what of it the values of the graph are. */
export interface OnnxSource {
  /** As it was read, with its external data. */
  readonly model: ModelProto
  /** Whether the file has tensors in other files. */
  readonly hasExternalData: boolean
  /** As it was imported; nobody changes it. */
  readonly graph: Graph
  /** What the file calls inputs and results of nodes. A value without a name is one that the file does not have. */
  readonly names: ReadonlyMap<Value, string>
  /** Parameters and buffers as they were in the file. */
  readonly states: readonly ImportedState[]
}

const sources = new WeakMap<Node, OnnxSource>()

/** Remembers where a graph came from, and gives a copy of it whose nodes, and all copies of them, lead back to it. */
export function rememberSource(source: OnnxSource): Graph {
  for (const node of source.graph.nodes) {
    node.source = node
    sources.set(node, source)
  }
  return copyGraph(source.graph)
}

/** The file that a graph came from; undefined where it came from none, or from several. */
export function sourceOf({ nodes }: Graph): OnnxSource | undefined {
  const found = new Set(nodes.flatMap(({ source }) => (source && sources.get(source)) ?? []))
  const [first] = found
  return found.size === 1 ? first : undefined
}
