import type { Node, Value } from '../ir/node.ts'

/** The given constants and every value that depends on constants alone: what a session works out once. */
export function fixedValues(nodes: readonly Node[], constants: Iterable<Value>): Set<Value> {
  const fixed = new Set(constants)
  if (fixed.size === 0) return fixed
  for (const node of nodes) {
    if (!node.inputs.every((input) => input === null || fixed.has(input))) continue
    for (const output of node.outputs) fixed.add(output)
  }
  return fixed
}
