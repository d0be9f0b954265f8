import { type Node, type Value, withInputs } from './node.ts'

/**
 * Makes every reader of a replaced value read its replacement, outputs included. Requires nodes in an order in which they can run once the
 * replacements are in place; ensures that order. Nodes that change are made anew: the given ones stay as they are. What nothing reads any more stays.
 */
export function substitute(
  nodes: readonly Node[],
  outputs: readonly Value[],
  replacements: ReadonlyMap<Value, Value>,
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const replaced = new Map(replacements)
  // A replacement may have been made anew itself.
  const resolve = (value: Value): Value => {
    const next = replaced.get(value)
    return next === undefined ? value : resolve(next)
  }
  const result = nodes.map((node) => {
    const inputs = node.inputs.map((input) => (input === null ? null : resolve(input)))
    if (inputs.every((input, i) => input === node.inputs[i])) return node
    const fresh = withInputs(node, inputs)
    fresh.outputs.forEach((value, i) => {
      const before = node.outputs[i]
      if (before !== undefined && !replacements.has(before)) replaced.set(before, value)
    })
    return fresh
  })
  return { nodes: result, outputs: outputs.map(resolve) }
}
