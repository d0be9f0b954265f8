import type { Graph } from '../../../ir/graph.ts'
import type { Node, Value } from '../../../ir/node.ts'
import { isFloating } from '../../../tensor/dtype.ts'
import { toFloat32 } from '../../../tensor/to-float32.ts'
import type { ImportedState } from '../graph-importer.ts'
import { maker, pairs } from './rewriter.ts'

/** Below this a number says that something is not to be seen: exporters write from -1e4 down to the smallest float. */
const HIDDEN = -1e3

/** Operations out of which masks are made. */
const MASK_OPERATIONS = new Set(
  'add sub rsub mul div where masked_fill minimum maximum clamp neg to expand unsqueeze squeeze reshape view permute transpose slice select cat'
    .split(' ')
    .map((name) => `aten.${name}`),
)

/**
 * Keeps attention masks from being quantized, and the sums that add one to scores: a range from -3.4e38 to 0 leaves one step for everything that is to be seen. A
 * mask is what is added before a softmax and is made of numbers below -1000, of comparisons, or of an input alone.
 */
export function leaveMasks(graph: Graph, states: readonly ImportedState[]): void {
  const contents = new Map(states.map(({ path, content }) => [path, content]))
  const inputs = new Map(graph.inputs.map((input) => [input.value, input]))
  const isHiding = (value: Value): boolean => {
    const input = inputs.get(value)
    const content = input && contents.get(input.name)
    if (content === undefined) return input?.kind === 'input'
    return isFloating(content.dtype) && toFloat32(content).some((number) => number <= HIDDEN)
  }
  for (const node of graph.nodes) {
    if (node.op.name === 'aten.scaled_dot_product_attention') leaveAlone(node.inputs[3])
    const sum = node.op.name === 'aten.softmax' ? maker(node.inputs[0], 'add') : undefined
    if (sum === undefined) continue
    const mask = pairs(sum).find(([, value]) => isMask(value, isHiding))?.[1]
    if (mask === undefined) continue
    sum.quantizable = false
    leaveAlone(mask)
  }
}

function leaveAlone(value: Value | null | undefined): void {
  for (const node of maskNodes(value)) node.quantizable = false
}

function isMask(value: Value, isHiding: (value: Value) => boolean): boolean {
  const nodes = maskNodes(value)
  const leaves = [value, ...nodes.flatMap(({ inputs }) => inputs)].filter((leaf) => leaf?.node === null)
  return leaves.some((leaf) => leaf !== null && isHiding(leaf)) || nodes.some(hides)
}

/** Whether an operation makes numbers that hide something, or numbers of answers. */
function hides({ op, inputs, attrs }: Node): boolean {
  const numbers = [attrs.other, attrs.value, attrs.min]
  return (
    op.name === 'aten.where' ||
    (op.name === 'aten.to' &&
      inputs[0] !== null &&
      inputs[0] !== undefined &&
      !isFloating(inputs[0].dtype)) ||
    numbers.some((number) => typeof number === 'number' && number <= HIDDEN)
  )
}

/** The nodes that make a mask, back to what is made otherwise. */
function maskNodes(value: Value | null | undefined): Node[] {
  const found = new Set<Node>()
  const stack = [value]
  while (stack.length > 0) {
    const node = stack.pop()?.node
    if (!node || found.has(node) || !MASK_OPERATIONS.has(node.op.name)) continue
    found.add(node)
    stack.push(...node.inputs)
  }
  return [...found]
}
