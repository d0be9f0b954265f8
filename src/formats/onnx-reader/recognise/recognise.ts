import type { Graph } from '../../../ir/graph.ts'
import { recogniseGelu } from './gelu.ts'
import { recogniseLayerNorm, recogniseRmsNorm } from './layer-norm.ts'
import { recogniseLinear } from './linear.ts'
import { rewrite, type ValueNames } from './rewriter.ts'

/** Recognises operations in what exporters write for them. Requires nodes in an order in which they can run; ensures the same order and results, under the same names. */
export function recognise(graph: Graph, names: ValueNames): Graph {
  const rules = [recogniseGelu, recogniseLayerNorm, recogniseRmsNorm]
  return rules.reduce((result, rule) => rewrite(result, names, rule), recogniseLinear(graph, names))
}
