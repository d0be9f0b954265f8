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
  return pullBack(new Map([[output, seed]]), wrt)
}

/** Gradients of the sum of some values, each times its seed, without going behind `leaves`. */
function pullBack(
  seeds: ReadonlyMap<Value, Value>,
  wrt: ReadonlySet<Value>,
  leaves: ReadonlySet<Value | null> = new Set(),
): Map<Value, Value> {
  const nodes = collectNodes(seeds.keys(), (value) => leaves.has(value))
  const wanted = reachedFrom(nodes, wrt)
  const found = new Map(seeds)
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
  const inputGradients =
    node.op.gradient === 'composed'
      ? composedGradients(node, outputGradients, needs)
      : node.op.gradient({ ...node, inputs: node.inputs, gradients: outputGradients, needs })
  inputGradients.forEach((gradient, i) => {
    const input = node.inputs[i]
    if (!gradient || !input || !needs(i)) return
    const earlier = found.get(input)
    found.set(input, earlier === undefined ? gradient : emit(add, [earlier, gradient], { alpha: 1 }))
  })
}

/** Gradients through what an operation is composed of. */
function composedGradients(
  { op, inputs, attrs }: Node,
  outputGradients: readonly (Value | null)[],
  needs: (input: number) => boolean,
): (Value | null)[] {
  const composed = op.compose?.(inputs, attrs) ?? []
  const seeds = composed.flatMap((value, i) => {
    const gradient = outputGradients[i]
    return gradient ? [[value, gradient] as const] : []
  })
  const wrt = new Set(inputs.flatMap((input, i) => (input && needs(i) ? [input] : [])))
  const found = pullBack(new Map(seeds), wrt, new Set(inputs))
  return inputs.map((input) => (input && found.get(input)) ?? null)
}
