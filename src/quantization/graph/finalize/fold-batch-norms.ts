import { noGrad } from '../../../engine/recorder.ts'
import { record, type Tensor } from '../../../engine/tensor.ts'
import type { Node, Value } from '../../../ir/node.ts'
import { Parameter } from '../../../nn/parameter.ts'
import { add, sub } from '../../../ops/elementwise/add.ts'
import { div } from '../../../ops/elementwise/div.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { sqrt } from '../../../ops/elementwise/sqrt.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { alongAxis, CHANNEL_AXES } from '../conv-batch-norm.ts'
import { opTypeOf, outputOf } from '../graph-view.ts'
import type { GraphDraft } from './graph-draft.ts'

/** A convolution joined with a batch norm, as prepare left it. */
interface Joined {
  readonly conv: Node
  readonly batchNorm: Node
  /** The call of the weight's fake quantizer, where there is one. */
  readonly quantizer: Node | undefined
  readonly weight: Value
  readonly bias: Value | null
  readonly channelAxis: number
  /** Nodes that are gone with the batch norm. */
  readonly parts: ReadonlySet<Node>
}

/**
 * Folds batch norms into the convolutions that they were joined with: weight * s and (bias - mean) * s + beta, s = gamma / sqrt(variance + eps). The weight's fake
 * quantizer reads the folded weight, which is what it has seen all along. Ensures the same results in evaluation, up to rounding.
 */
export async function foldBatchNorms(draft: GraphDraft): Promise<void> {
  const joined = draft.nodes.flatMap((node) => matchJoined(draft, node) ?? [])
  const folded = noGrad(() => joined.map((each) => foldedTensors(draft, each)))
  for (const [i, each] of joined.entries()) {
    const tensors = folded[i]
    if (tensors !== undefined)
      replaceJoined(
        draft,
        each,
        new Parameter(await tensors.weight.array()),
        new Parameter(await tensors.bias.array()),
      )
  }
}

function matchJoined(draft: GraphDraft, batchNorm: Node): Joined | undefined {
  if (opTypeOf(batchNorm) !== 'batch_norm') return undefined
  const last = batchNorm.inputs[0]?.node
  const biased = last && opTypeOf(last) === 'add' ? last : undefined
  const quotient = biased ? biased.inputs[0]?.node : last
  const conv = quotient && opTypeOf(quotient) === 'div' ? quotient.inputs[0]?.node : undefined
  const channelAxis = conv ? CHANNEL_AXES[opTypeOf(conv)] : undefined
  if (!conv || channelAxis === undefined) return undefined
  const source = conv.inputs[1]?.node
  const quantizer = source && typeof source.attrs.target === 'string' ? source : undefined
  const scaled = quantizer ? quantizer.inputs[0]?.node : source
  const weight = scaled && opTypeOf(scaled) === 'mul' ? scaled.inputs[0] : undefined
  const spreadBias = biased?.inputs[1]?.node
  const bias = spreadBias?.inputs[0] ?? null
  if (!weight || !draft.state(weight) || (bias !== null && !draft.state(bias))) return undefined
  const zeros = conv.inputs[2]?.node
  const parts = new Set(
    [scaled, spreadBias, zeros, zeros?.inputs[0]?.node].filter((node) => node !== null && node !== undefined),
  )
  return { conv, batchNorm, quantizer, weight, bias, channelAxis, parts }
}

function foldedTensors(
  draft: GraphDraft,
  { batchNorm, weight, bias, channelAxis }: Joined,
): { weight: Tensor; bias: Tensor } {
  const tensorOf = (value: Value | null | undefined): Tensor => {
    const state = draft.state(value)
    if (state !== undefined) return state.tensor
    throw new RangeError(
      `Cannot fold "${batchNorm.name}": expected its arguments to be states (a bug in lowbit)`,
    )
  }
  const [, gamma, beta, mean, variance] = batchNorm.inputs
  const kernel = tensorOf(weight)
  const deviation = record(
    sqrt,
    [record(add, [tensorOf(variance)], { other: Number(batchNorm.attrs.eps), alpha: 1 })],
    {},
  )
  const scale = record(div, [tensorOf(gamma), deviation], { roundingMode: null })
  const spread = record(reshape, [scale], { shape: alongAxis(channelAxis, kernel.shape.length) })
  const centre = bias === null ? null : tensorOf(bias)
  const shifted =
    centre === null
      ? record(mul, [tensorOf(mean)], { other: -1 })
      : record(sub, [centre, tensorOf(mean)], { alpha: 1 })
  const scaledBias = record(mul, [shifted, scale], {})
  return {
    weight: record(mul, [kernel, spread], {}),
    bias: beta ? record(add, [scaledBias, tensorOf(beta)], { alpha: 1 }) : scaledBias,
  }
}

function replaceJoined(
  draft: GraphDraft,
  { conv, batchNorm, quantizer, weight, parts }: Joined,
  kernel: Parameter,
  bias: Parameter,
): void {
  const name = draft.state(weight)?.name ?? 'weight'
  const foldedWeight = draft.addState(name, kernel, parts)
  const foldedBias = draft.addState(
    name.includes('weight') ? name.replaceAll('weight', 'bias') : `${name}_bias`,
    bias,
    parts,
  )
  if (quantizer !== undefined) quantizer.inputs[0] = foldedWeight
  const inputs = [
    conv.inputs[0] ?? null,
    quantizer === undefined ? foldedWeight : outputOf(quantizer),
    foldedBias,
  ]
  draft.replace(outputOf(batchNorm), draft.insertBefore(batchNorm, conv.op, inputs, conv.attrs))
}
