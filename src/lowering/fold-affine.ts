import { dimsEqual } from '../ir/dim.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, Node, type Value } from '../ir/node.ts'
import { substitute } from '../ir/substitute.ts'
import { conv1d, conv2d, conv3d } from '../ops/convolution/conv.ts'
import { add, sub } from '../ops/elementwise/add.ts'
import { div } from '../ops/elementwise/div.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { reciprocal } from '../ops/elementwise/reciprocal.ts'
import { rsqrt } from '../ops/elementwise/rsqrt.ts'
import { batchNorm } from '../ops/normalization/batch-norm.ts'
import { reshaped } from '../ops/shape/reshape.ts'
import { fixedValues } from './fixed-values.ts'

const CONVOLUTIONS: ReadonlySet<string> = new Set([conv1d.name, conv2d.name, conv3d.name])

/** What follows a convolution, as `y * scale + shift` for each channel; undefined stands for 1 and 0. */
interface Affine {
  readonly scale: Value | undefined
  readonly shift: Value | undefined
}

/** A graph in the making: what a rewrite reads. */
interface Context {
  readonly fixed: ReadonlySet<Value>
  readonly users: ReadonlyMap<Value, readonly Node[]>
  readonly outputs: ReadonlySet<Value>
}

/**
 * Folds per-channel scales, shifts and batch norms in evaluation into the convolution before them, where all but the convolution's input is
 * constant: what prepared models compute as `conv(x, w * s) / s`, batch norm, is then one convolution whose weight the session works out once.
 * Requires nodes in an order in which they can run and ensures one. Values change by rounding only.
 */
export function foldAffine(
  nodes: readonly Node[],
  outputs: readonly Value[],
  constants: ReadonlySet<Value>,
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const context: Context = {
    fixed: fixedValues(nodes, constants),
    users: usersOf(nodes),
    outputs: new Set(outputs),
  }
  const replaced = new Map<Value, Value>()
  const folded = new Map<Node, Value>()
  for (const node of nodes) {
    const chain = CONVOLUTIONS.has(node.op.name) ? affineChain(node, context) : []
    const last = chain.at(-1)
    if (last !== undefined) folded.set(last, fold(node, chain))
  }
  if (folded.size === 0) return { nodes, outputs }
  const known = new Set(nodes)
  const result = nodes.flatMap((node) => {
    const value = folded.get(node)
    if (value === undefined) return [node]
    if (node.outputs[0] !== undefined) replaced.set(node.outputs[0], value)
    return collectNodes([value], ({ node: producer }) => producer === null || known.has(producer))
  })
  return substitute(result, outputs, replaced)
}

function usersOf(nodes: readonly Node[]): Map<Value, Node[]> {
  const users = new Map<Value, Node[]>()
  for (const node of nodes) {
    for (const input of node.inputs) if (input !== null) users.set(input, [...(users.get(input) ?? []), node])
  }
  return users
}

/** The nodes after a convolution that apply a fixed scale or shift to each channel and that nothing else reads. */
function affineChain(convolution: Node, context: Context): Node[] {
  const chain: Node[] = []
  const [, weight, bias] = convolution.inputs
  if (!weight || !context.fixed.has(weight) || (bias && !context.fixed.has(bias))) return chain
  let value = convolution.outputs[0]
  while (value !== undefined && !context.outputs.has(value)) {
    const [next, another] = context.users.get(value) ?? []
    if (next === undefined || another !== undefined || !isAffine(next, value, context)) break
    chain.push(next)
    value = next.outputs[0]
  }
  return chain
}

function isAffine(node: Node, value: Value, { fixed, users, outputs }: Context): boolean {
  if (node.inputs[0] !== value || !node.inputs.slice(1).every((input) => input === null || fixed.has(input)))
    return false
  if (node.op.name === batchNorm.name) {
    const statistics = node.outputs.slice(1).every((output) => !users.has(output) && !outputs.has(output))
    return (
      node.attrs.training === false &&
      node.inputs.length === 5 &&
      node.inputs.every((input) => input !== null) &&
      statistics
    )
  }
  const arithmetic = [add.name, sub.name, mul.name, div.name].includes(node.op.name)
  const plain = (node.attrs.alpha ?? 1) === 1 && !node.attrs.roundingMode
  return (
    arithmetic &&
    plain &&
    node.inputs[1] !== undefined &&
    node.inputs[1] !== null &&
    isPerChannel(node.inputs[1], value)
  )
}

/** Whether an operand is [1, C, 1, ...] or [C, 1, ...] beside a value of [N, C, ...]. */
function isPerChannel(operand: Value, { shape }: Value): boolean {
  const padded = [...Array.from({ length: shape.length - operand.shape.length }, () => 1), ...operand.shape]
  return (
    padded.length === shape.length &&
    padded.every((dim, i) => (i === 1 ? dimsEqual(dim, shape[1] ?? 0) : dim === 1))
  )
}

function fold(convolution: Node, chain: readonly Node[]): Value {
  const [x = null, weight = null, bias = null] = convolution.inputs
  const { scale, shift } = chain.reduce<Affine>(append, { scale: undefined, shift: bias ?? undefined })
  if (weight === null)
    throw new TypeError('Cannot fold a convolution: expected a weight, got none (a bug in lowbit)')
  const column = [-1, ...weight.shape.slice(1).map(() => 1)]
  const scaled = scale === undefined ? weight : emit(mul, [weight, reshaped(scale, column)], {})
  return (
    new Node(convolution.op, [x, scaled, shift ?? null], convolution.attrs, convolution.scope).outputs[0] ??
    scaled
  )
}

/** The affine map of a convolution's channels with one more node behind it. */
function append({ scale, shift }: Affine, node: Node): Affine {
  const [, operand = null, beta = null, mean = null, variance = null] = node.inputs
  if (operand === null) return { scale, shift }
  if (node.op.name === batchNorm.name) {
    const shifted = emit(add, [variance], { other: Number(node.attrs.eps), alpha: 1 })
    const factor = emit(mul, [operand, emit(rsqrt, [shifted], {})], {})
    const centred =
      shift === undefined ? emit(mul, [mean], { other: -1 }) : emit(sub, [shift, mean], { alpha: 1 })
    return {
      scale: product(scale, factor),
      shift: emit(add, [emit(mul, [centred, factor], {}), beta], { alpha: 1 }),
    }
  }
  const vector = reshaped(operand, [-1])
  if (node.op.name === mul.name)
    return { scale: product(scale, vector), shift: shift && product(shift, vector) }
  if (node.op.name === div.name) {
    const over = (value: Value) => emit(div, [value, vector], { roundingMode: null })
    return {
      scale: scale === undefined ? emit(reciprocal, [vector], {}) : over(scale),
      shift: shift && over(shift),
    }
  }
  const op = node.op.name === add.name ? add : sub
  if (shift !== undefined) return { scale, shift: emit(op, [shift, vector], { alpha: 1 }) }
  return { scale, shift: op === add ? vector : emit(mul, [vector], { other: -1 }) }
}

function product(a: Value | undefined, b: Value): Value {
  return a === undefined ? b : emit(mul, [a, b], {})
}
