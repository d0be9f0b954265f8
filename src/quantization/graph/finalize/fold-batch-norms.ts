import type { Node, Value } from '../../../ir/node.ts'
import { Parameter } from '../../../nn/parameter.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { CHANNEL_AXES } from '../conv-batch-norm.ts'
import { batchNormScale, foldedBias, foldedWeight } from '../folded-weight.ts'
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

/** Weight and bias of a convolution that a batch norm is folded into. */
interface Folded {
  readonly kernel: Parameter
  readonly bias: Parameter
}

/**
 * Folds batch norms into the convolutions that they were joined with: weight * s and (bias - mean) * s + beta, s = gamma / sqrt(variance + eps). The weight's fake
 * quantizer reads the folded weight, which is what it has seen all along. Ensures the same results in evaluation, up to rounding.
 */
export async function foldBatchNorms(draft: GraphDraft): Promise<void> {
  const joined = draft.nodes.flatMap((node) => matchJoined(draft, node) ?? [])
  const content = await Promise.all(joined.map((each) => folded(draft, each)))
  for (const [i, each] of joined.entries()) {
    const parts = content[i]
    if (parts !== undefined) replaceJoined(draft, each, parts)
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

async function folded(draft: GraphDraft, { batchNorm, weight, bias, channelAxis }: Joined): Promise<Folded> {
  const contentOf = (value: Value | null | undefined): Promise<HostArray> => {
    const state = draft.state(value)
    if (state !== undefined) return state.tensor.array()
    throw new RangeError(
      `Cannot fold "${batchNorm.name}": expected its arguments to be states (a bug in lowbit)`,
    )
  }
  const [, gamma, beta, mean, variance] = batchNorm.inputs
  const eps = Number(batchNorm.attrs.eps)
  const scale = batchNormScale({ gamma: await contentOf(gamma), variance: await contentOf(variance), eps })
  return {
    kernel: new Parameter(foldedWeight(await contentOf(weight), scale, channelAxis)),
    bias: new Parameter(
      foldedBias(scale, {
        bias: bias && (await contentOf(bias)),
        mean: await contentOf(mean),
        beta: beta ? await contentOf(beta) : null,
      }),
    ),
  }
}

function replaceJoined(
  draft: GraphDraft,
  { conv, batchNorm, quantizer, weight, parts }: Joined,
  { kernel, bias }: Folded,
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
