import type { Node, Value } from '../ir/node.ts'
import { eliminateCommonSubexpressions } from '../ir/common-subexpressions.ts'

/** The rewrites that every graph goes through before it is lowered. Outputs keep their order. */
export function simplify(nodes: readonly Node[], outputs: readonly Value[]): { nodes: readonly Node[]; outputs: readonly Value[] } {
  return eliminateCommonSubexpressions(nodes, outputs)
}
