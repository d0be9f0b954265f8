import { record, Tensor } from '../engine/tensor.ts'
import { dimsEqual } from '../ir/dim.ts'
import type { Graph } from '../ir/graph.ts'
import type { Node, Value } from '../ir/node.ts'
import { conv1d, conv2d, conv3d } from '../ops/convolution/conv.ts'
import { zerosLike } from '../ops/creation/filled.ts'
import { add } from '../ops/elementwise/add.ts'
import { div } from '../ops/elementwise/div.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { fakeQuantize } from '../ops/quantization/fake-quantize.ts'
import type { FakeQuantizeAttributes } from '../ops/quantization/fake-quantize-attributes.ts'
import { scaledFakeQuantize } from '../ops/quantization/scaled-fake-quantize.ts'
import { reshape } from '../ops/shape/reshape.ts'
import { callModule } from './call-module.ts'

const CONVOLUTIONS: ReadonlySet<string> = new Set([conv1d.name, conv2d.name, conv3d.name])

/** A convolution whose result is only read to be divided by a factor for each channel, and then perhaps shifted. */
interface ScaledConvolution {
  readonly convolution: Node
  /** [1, C, 1, ...]. */
  readonly divisor: Value
  /** [1, C, 1, ...]. */
  readonly shift: Value | undefined
}

/**
 * Convolutions of the form `conv(x, w) / s + b`, as models with batch norms have them while they are trained with quantized weights: `conv(x, w / s, b)` is the same but for
 * rounding, and spares passes over maps, forward and backward.
 */
export class ScaledConvolutions {
  /** By the node whose result is theirs. */
  readonly #last: ReadonlyMap<Node, ScaledConvolution>
  readonly #inside: ReadonlySet<Node>

  constructor(graph: Graph) {
    const users = graph.users()
    for (const output of graph.outputs) users.set(output, [])
    const onlyUser = (node: Node) => {
      const [value] = node.outputs
      const [user, another] = value === undefined ? [] : (users.get(value) ?? [])
      return another === undefined ? user : undefined
    }
    const last = new Map<Node, ScaledConvolution>()
    const inside = new Set<Node>()
    for (const convolution of graph.nodes) {
      const divided = CONVOLUTIONS.has(convolution.op.name) ? onlyUser(convolution) : undefined
      const divisor = divided && operandOf(divided, div.name, convolution)
      if (divided === undefined || divisor === undefined) continue
      const shifted = onlyUser(divided)
      const shift = shifted && operandOf(shifted, add.name, divided)
      last.set(shift === undefined ? divided : (shifted ?? divided), { convolution, divisor, shift })
      inside.add(convolution)
      if (shift !== undefined) inside.add(divided)
    }
    this.#last = last
    this.#inside = inside
  }

  /** Whether nothing but the end of a scaled convolution reads what the node computes. */
  isInside(node: Node): boolean {
    return this.#inside.has(node)
  }

  /** Records the scaled convolution that ends with a node; undefined for other nodes. */
  record(node: Node, tensorOf: (value: Value) => Tensor): Tensor | undefined {
    const scaled = this.#last.get(node)
    if (scaled === undefined) return undefined
    const { convolution, divisor, shift } = scaled
    const [x, weight, bias] = convolution.inputs
    if (!x || !weight) return undefined
    const factor = tensorOf(divisor)
    const column = [-1, ...weight.shape.slice(1).map(() => 1)]
    const own =
      bias && bias.node?.op.name !== zerosLike.name ? tensorOf(bias).div(factor.reshape([-1])) : null
    const added = shift === undefined ? null : tensorOf(shift).reshape([-1])
    const inputs = [
      tensorOf(x),
      quantizedWeight(weight, divisor, tensorOf) ?? tensorOf(weight).div(factor.reshape(column)),
      own === null ? added : added === null ? own : own.add(added),
    ]
    return record(convolution.op, inputs, convolution.attrs)
  }
}

/**
 * A weight that was multiplied by the divisor before it was quantized, divided by it again, as one operation; undefined for another weight, and where what
 * quantizes it is switched off or has scales of another kind.
 */
function quantizedWeight(
  weight: Value,
  divisor: Value,
  tensorOf: (value: Value) => Tensor,
): Tensor | undefined {
  const [scaled] = weight.node?.op.name === callModule.name ? weight.node.inputs : []
  const [own, factor] = scaled?.node?.op.name === mul.name ? scaled.node.inputs : []
  if (!scaled || !own || !factor || unshaped(factor) !== unshaped(divisor)) return undefined
  const quantized = tensorOf(weight).value.node
  if (quantized?.op.name !== fakeQuantize.name) return undefined
  const [values, scale, ...shifts] = quantized.inputs
  const isByChannel = [factor, scale].every((each) => each?.shape.slice(1).every((dim) => dim === 1))
  if (values !== tensorOf(scaled).value || !scale || !isByChannel || shifts.some((each) => each !== null))
    return undefined
  const inputs = [tensorOf(scaled), new Tensor(scale), tensorOf(factor), tensorOf(own)]
  return record(scaledFakeQuantize, inputs, quantized.attrs as FakeQuantizeAttributes)
}

/** What a value is another shape of. */
function unshaped(value: Value): Value {
  const [source] = value.node?.op.name === reshape.name ? value.node.inputs : []
  return source ?? value
}

/** The operand [1, C, 1, ...] that a node applies to a convolution's result [N, C, ...] as it is. */
function operandOf(
  { op, inputs, attrs, differentiable }: Node,
  name: string,
  convolution: Node,
): Value | undefined {
  const [value] = convolution.outputs
  const [first, operand] = inputs
  const isPlain = (attrs.alpha ?? 1) === 1 && !attrs.roundingMode
  if (op.name !== name || first !== value || !value || !operand || !isPlain || !differentiable)
    return undefined
  const { shape } = operand
  const fits =
    shape.length === value.shape.length &&
    value.shape.length === (convolution.inputs[1] ?? value).shape.length
  return fits && shape.every((dim, i) => (i === 1 ? dimsEqual(dim, value.shape[1] ?? 0) : dim === 1))
    ? operand
    : undefined
}
