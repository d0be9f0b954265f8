import { collectNodes } from '../ir/graph.ts'
import { emit, type Node, type Value } from '../ir/node.ts'
import { withScope } from '../ir/scope.ts'
import { add } from '../ops/elementwise/add.ts'
import { isFloating } from '../tensor/dtype.ts'

/**
 * Gradients of one value with respect to others, as values of the same graph (reverse mode).
 *
 * @param output what is differentiated
 * @param seed gradient of `output`, of its shape
 * @param wrt values that gradients are wanted for; one that `output` does not depend on is missing in the result
 */
export function gradients(output: Value, seed: Value, wrt: ReadonlySet<Value>): Map<Value, Value> {
  const nodes = collectNodes([output])
  const wanted = reachedFrom(nodes, wrt)
  const found = new Map<Value, Value>([[output, seed]])
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]
    if (node === undefined || !node.outputs.some((value) => wanted.has(value))) continue
    withScope(node.scope, () => propagate(node, wanted, found))
  }
  return new Map([...found].filter(([value]) => wrt.has(value)))
}

/** Values through which gradients flow to `wrt`. */
function reachedFrom(nodes: readonly Node[], wrt: ReadonlySet<Value>): Set<Value> {
  const reached = new Set(wrt)
  for (const node of nodes) {
    if (node.op.gradient === 'none' || !node.differentiable) continue
    if (!node.inputs.some((input) => input !== null && reached.has(input))) continue
    for (const output of node.outputs) if (isFloating(output.dtype)) reached.add(output)
  }
  return reached
}

function propagate(node: Node, wanted: ReadonlySet<Value>, found: Map<Value, Value>): void {
  const outputGradients = node.outputs.map((value) => found.get(value) ?? null)
  if (node.op.gradient === 'none' || outputGradients.every((g) => g === null)) return
  const needs = (i: number) => {
    const input = node.inputs[i]
    return input !== null && input !== undefined && wanted.has(input)
  }
  const inputGradients = node.op.gradient({ ...node, inputs: node.inputs, gradients: outputGradients, needs })
  inputGradients.forEach((gradient, i) => {
    const input = node.inputs[i]
    if (!gradient || !input || !needs(i)) return
    const earlier = found.get(input)
    found.set(input, earlier === undefined ? gradient : emit(add, [earlier, gradient], { alpha: 1 }))
  })
}
