import type { Graph } from '../../ir/graph.ts'
import { Node, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { withScope } from '../../ir/scope.ts'
import { type NodeNames, stemOf } from '../../nn/node-names.ts'
import { zerosLike } from '../../ops/creation/filled.ts'
import { add } from '../../ops/elementwise/add.ts'
import { div } from '../../ops/elementwise/div.ts'
import { mul } from '../../ops/elementwise/mul.ts'
import { sqrt } from '../../ops/elementwise/sqrt.ts'
import { reshape } from '../../ops/shape/reshape.ts'
import { type GraphView, opTypeOf, outputOf } from './graph-view.ts'

/** For each convolution that is joined with a batch norm, the axis of its weight that has the output channels. */
export const CHANNEL_AXES: Readonly<Record<string, number>> = {
  conv1d: 0,
  conv2d: 0,
  conv_transpose1d: 1,
  conv_transpose2d: 1,
}

/** A convolution whose result only a batch norm reads, with the arguments that joining them takes. */
interface ConvBatchNorm {
  readonly conv: Node
  readonly batchNorm: Node
  readonly x: Value
  readonly weight: Value
  readonly bias: Value | null
  readonly gamma: Value
  readonly variance: Value
  readonly eps: number
  readonly channelAxis: number
}

/** What was put in the place of what. */
export interface Replacements {
  /** New nodes by the old ones; what they read stands where it stood. */
  readonly nodes: ReadonlyMap<Node, Node>
  /** What readers of an old node's result read now. */
  readonly values: ReadonlyMap<Value, Value>
}

/**
 * Rewrites convolutions followed by batch norms so that the weight that is quantized is the one that will be deployed, scaled by the batch norm,
 * while the batch norm still trains on what the plain convolution would give:
 *
 *     s = gamma / sqrt(variance + eps);  y = conv(x, weight * s, 0) / s + bias;  batch_norm(y)
 *
 * Ensures the same results as before, up to rounding, in training and in evaluation. The graph's nodes are replaced.
 *
 * @returns the new convolutions and batch norms
 */
export function rewriteConvBatchNorms(view: GraphView, names: NodeNames): Replacements {
  const replacements = new Map<Node, Node>()
  const before = new Map<Node | null, Node[]>()
  for (const batchNorm of view.nodes) {
    const found = matchConvBatchNorm(view, batchNorm)
    if (found === undefined) continue
    const nodes = withScope(found.conv.scope, () => rewritten(found, names))
    const [conv, joined] = [nodes.find((node) => node.op === found.conv.op), nodes.at(-1)]
    if (conv === undefined || joined === undefined) continue
    replacements.set(found.conv, conv).set(batchNorm, joined)
    const [reader = null] = view.users(outputOf(batchNorm))
    before.set(reader, [...(before.get(reader) ?? []), ...nodes])
  }
  return { nodes: replacements, values: replaceNodes(view.graph, replacements, before) }
}

function matchConvBatchNorm(view: GraphView, batchNorm: Node): ConvBatchNorm | undefined {
  const [y, gamma, , , variance] = batchNorm.inputs
  const conv = y?.node
  if (opTypeOf(batchNorm) !== 'batch_norm' || !conv || !gamma || !variance || view.countReaders(conv) !== 1)
    return undefined
  const [x, weight, bias = null] = conv.inputs
  const channelAxis = CHANNEL_AXES[opTypeOf(conv)]
  const isGrouped = channelAxis === 1 && conv.attrs.groups !== 1
  if (!x || !weight || channelAxis === undefined || isGrouped) return undefined
  return { conv, batchNorm, x, weight, bias, gamma, variance, eps: Number(batchNorm.attrs.eps), channelAxis }
}

function rewritten(found: ConvBatchNorm, names: NodeNames): Node[] {
  const nodes: Node[] = []
  const emit = <A extends Node['attrs']>(
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
    scope = found.conv.scope,
  ): Value => {
    const node: Node = new Node(op, inputs, attrs, scope)
    node.name = names.fresh(stemOf(node))
    nodes.push(node)
    return outputOf(node)
  }
  const { conv, batchNorm, x, weight, bias, gamma, variance, eps, channelAxis } = found
  const rank = weight.shape.length
  const deviation = emit(sqrt, [emit(add, [variance], { other: eps, alpha: 1 })], {})
  const scale = emit(div, [gamma, deviation], { roundingMode: null })
  const scaledWeight = emit(
    mul,
    [weight, emit(reshape, [scale], { shape: alongAxis(channelAxis, rank) })],
    {},
  )
  const zeros = bias === null ? [] : [emit(zerosLike, [bias], { dtype: bias.dtype })]
  const product = emit(conv.op, [x, scaledWeight, ...zeros], conv.attrs)
  const plain = emit(div, [product, emit(reshape, [scale], { shape: alongAxis(1, rank) })], {
    roundingMode: null,
  })
  const biased =
    bias === null
      ? plain
      : emit(add, [plain, emit(reshape, [bias], { shape: alongAxis(1, rank) })], { alpha: 1 })
  emit(batchNorm.op, [biased, ...batchNorm.inputs.slice(1)], batchNorm.attrs, batchNorm.scope)
  return nodes
}

/** Shape in which a vector broadcasts along an axis. */
function alongAxis(axis: number, rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1))
}

/** Takes the old nodes out, puts the new ones before the first reader of the batch norm, and lets the readers read them. */
function replaceNodes(
  graph: Graph,
  replacements: ReadonlyMap<Node, Node>,
  before: ReadonlyMap<Node | null, readonly Node[]>,
): Map<Value, Value> {
  const values = new Map<Value, Value>()
  if (replacements.size === 0) return values
  for (const [old, fresh] of replacements) {
    old.outputs.forEach((output, i) => {
      const value = fresh.outputs[i]
      if (value !== undefined) values.set(output, value)
    })
  }
  graph.nodes = [...graph.nodes, null].flatMap((node) => {
    const inserted = before.get(node) ?? []
    return node === null || replacements.has(node) ? inserted : [...inserted, node]
  })
  for (const { inputs } of graph.nodes) {
    for (const [i, input] of inputs.entries()) if (input !== null) inputs[i] = values.get(input) ?? input
  }
  for (const [i, output] of graph.outputs.entries()) graph.outputs[i] = values.get(output) ?? output
  return values
}
