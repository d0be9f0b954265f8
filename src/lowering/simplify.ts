import { eliminateCommonSubexpressions } from '../ir/common-subexpressions.ts'
import { eliminateDeadCode } from '../ir/dead-code.ts'
import { expandComposites } from '../ir/expand-composites.ts'
import type { Node, Value } from '../ir/node.ts'
import { batchAlike } from './batch-alike.ts'
import { foldAffine } from './fold-affine.ts'

/**
 * The rewrites that every graph goes through before it is lowered. Outputs keep their order.
 * @param constants inputs whose data is part of the session: what follows from them alone is worked out once
 */
export function simplify(
  nodes: readonly Node[],
  outputs: readonly Value[],
  constants: ReadonlySet<Value>,
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const expanded = expandComposites(nodes, outputs)
  const unique = eliminateCommonSubexpressions(expanded.nodes, expanded.outputs)
  if (constants.size === 0) return batchAlike(unique.nodes, unique.outputs)
  const folded = foldAffine(unique.nodes, unique.outputs, constants)
  return batchAlike(eliminateDeadCode(folded.nodes, folded.outputs), folded.outputs)
}
