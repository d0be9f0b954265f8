import type { Graph } from '../../../ir/graph.ts'
import type { GraphImporter } from '../graph-importer.ts'
import { recogniseLinear } from './linear.ts'

/** Recognises operations in what exporters write for them. Requires nodes in an order in which they can run; ensures the same order and results. */
export function recognise(graph: Graph, _importer: GraphImporter): Graph {
  return recogniseLinear(graph)
}
