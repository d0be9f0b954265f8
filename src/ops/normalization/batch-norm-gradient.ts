import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { sizeNode } from '../size-node.ts'
import { axesBesidesChannels, channelVector, countOf } from './channels.ts'

const OP = 'lowbit.batch_norm_gradient'

/** `usesBatch`: the statistics are those of x itself, so that they change with it. */
type BatchNormGradientAttributes = { readonly usesBatch: boolean; readonly eps: number }

/**
 * Gradients of a batch normalization. Inputs: the output's gradient, x, weight or null, and the mean and biased variance that were
 * used, each [C]. Outputs: gradients of x, weight and bias. Costs a product, two reductions and a few affine passes over the data.
 */
export const batchNormGradient: Operation<BatchNormGradientAttributes> = defineOp({
  name: OP,
  infer(inputs) {
    const x = inputAt(OP, inputs, 1)
    const channel = { shape: x.shape.slice(1, 2), dtype: inputs[2]?.dtype ?? 'float32' }
    return [x, channel, channel]
  },
  gradient: 'none',
  lower(e, node) {
    const { usesBatch, eps } = node.attrs
    const wantsX = usesBatch && e.uses(0) > 0
    const meanOfG = wantsX || e.uses(1) + e.uses(2) > 0 ? average(e, node, e.inputs[0] ?? '') : ''
    const slope = wantsX || e.uses(1) > 0 ? correlation(e, node, meanOfG) : ''
    const count = sizeNode(e, countOf(node.inputs[1]?.shape ?? []), 'float32')
    const [g = '', x = '', , mean = '', variance = ''] = e.inputs
    const fitted = () => affineNode(e, x, [slope, meanOfG, mean, variance], eps)
    return [
      e.uses(0) > 0 ? scaled(e, node, usesBatch ? e.op('Sub', [g, fitted()]) : g) : '',
      e.uses(1) > 0 ? e.op('Mul', [slope, count]) : '',
      e.uses(2) > 0 ? e.op('Mul', [meanOfG, count]) : '',
    ]
  },
})

type Call = Node<BatchNormGradientAttributes>

/** Mean over all but the channels. */
function average(e: Emitter, { inputs: [, x] }: Call, value: string): string {
  return e.op('ReduceMean', [value, e.ints(axesBesidesChannels(x?.shape.length ?? 0))], { keepdims: 0 })
}

/** Mean of the gradient times the normalized x. */
function correlation(e: Emitter, node: Call, meanOfG: string): string {
  const [g = '', x = '', , mean = '', variance = ''] = e.inputs
  const moment = average(e, node, e.op('Mul', [g, x]))
  const covariance = e.op('Sub', [moment, e.op('Mul', [mean, meanOfG])])
  const deviation = e.op('Sqrt', [e.op('Add', [variance, e.scalar(node.attrs.eps)])])
  return e.op('Div', [covariance, deviation])
}

/** A gradient of the normalized values as a gradient of x: times weight / deviation. */
function scaled(e: Emitter, { inputs: [, x], attrs: { eps } }: Call, value: string): string {
  const [, , weight, , variance = ''] = e.inputs
  const channels = x?.shape[1] ?? 1
  const none = channelVector(e, channels, 0)
  return affineNode(e, value, [weight || channelVector(e, channels, 1), none, none, variance], eps)
}

function affineNode(e: Emitter, value: string, parameters: readonly string[], eps: number): string {
  return e.op('BatchNormalization', [value, ...parameters], { epsilon: { float: eps } })
}
