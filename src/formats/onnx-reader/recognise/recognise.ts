import type { Graph } from '../../../ir/graph.ts'
import { recogniseAttention } from './attention.ts'
import { recogniseGate, recogniseHardGate } from './gates.ts'
import { recogniseGelu } from './gelu.ts'
import { recogniseLayerNorm, recogniseRmsNorm } from './layer-norm.ts'
import { recogniseLinear } from './linear.ts'
import { rewrite, type ValueNames } from './rewriter.ts'

/** What exporters write for operations that they have no operator for, in the order in which one may be part of the next. */
const RULES = [
  recogniseGelu,
  recogniseHardGate,
  recogniseGate,
  recogniseLayerNorm,
  recogniseRmsNorm,
  recogniseAttention,
]

/** Recognises operations in what exporters write for them. Requires nodes in an order in which they can run; ensures the same order and results, under the same names. */
export function recognise(graph: Graph, names: ValueNames): Graph {
  return RULES.reduce((result, rule) => rewrite(result, names, rule), recogniseLinear(graph, names))
}
