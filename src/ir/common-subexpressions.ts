import { attributesKey } from './attributes.ts'
import { type Node, type Value, withInputs } from './node.ts'

/**
 * Merges nodes that apply one operation to the same values with the same attributes. Requires nodes in an order in which they can run;
 * ensures the same order, and as many outputs as before, each with the same content. Nodes that change are made anew: the given ones stay as they are.
 */
export function eliminateCommonSubexpressions(
  nodes: readonly Node[],
  outputs: readonly Value[],
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const replaced = new Map<Value, Value>()
  const byKey = new Map<string, Node>()
  const kept: Node[] = []
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => (input === null ? null : (replaced.get(input) ?? input)))
    const key = keyOf(node, inputs)
    const twin = byKey.get(key)
    if (twin !== undefined) {
      redirect(node, twin, replaced)
      continue
    }
    const same = inputs.every((input, i) => input === node.inputs[i])
    const fresh = same ? node : withInputs(node, inputs)
    if (!same) redirect(node, fresh, replaced)
    byKey.set(key, fresh)
    kept.push(fresh)
  }
  return { nodes: kept, outputs: outputs.map((output) => replaced.get(output) ?? output) }
}

function keyOf({ op, attrs, differentiable }: Node, inputs: readonly (Value | null)[]): string {
  const operands = inputs.map((input) => input?.id ?? '-').join()
  return `${op.name}(${operands})${attributesKey(attrs)} ${differentiable}`
}

function redirect(from: Node, to: Node, replaced: Map<Value, Value>): void {
  from.outputs.forEach((output, i) => {
    const target = to.outputs[i]
    if (target !== undefined) replaced.set(output, target)
  })
}
