import { type Dim, dimsEqual, formatDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emitAll, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { sizeNode } from '../size-node.ts'
import { batchNormGradient } from './batch-norm-gradient.ts'
import { axesBesidesChannels, channelVector, countOf } from './channels.ts'

const OP = 'aten.batch_norm'
const RUNNING_STATISTICS = [
  { output: 1, input: 3 },
  { output: 2, input: 4 },
]
const PARAMETERS = ['weight', 'bias', 'running mean', 'running variance']

/** `momentum` is the weight of the new statistics in the running ones, as in PyTorch. */
export type BatchNormAttributes = {
  readonly training: boolean
  readonly momentum: number
  readonly eps: number
}

/**
 * Batch normalization of [N, C, ...] over every dimension but C, as a function of its state.
 *
 * Inputs: x; weight, bias, running mean and running variance, each [C] or null. Outputs: the result; the new running mean and
 * variance, where there are running statistics (in evaluation the old ones); and where the batch's own statistics were used, as the
 * last two, the batch's mean and biased variance, for the gradient. The running variance takes in the unbiased variance.
 */
export const batchNorm: Operation<BatchNormAttributes> = defineOp({
  name: OP,
  infer(inputs, { training }) {
    const x = floatingAt(OP, inputs, 0)
    const [, channels] = x.shape
    if (channels === undefined) {
      throw new ShapeError(`Cannot record "${OP}": expected [N, C, ...], got ${formatType(x)}`)
    }
    for (const [i, name] of PARAMETERS.entries()) checkParameter(name, inputs[i + 1] ?? null, x)
    const [, , , mean, variance] = inputs
    if (!mean !== !variance) {
      throw new TypeError(`Cannot record "${OP}": expected both running statistics or none, got one`)
    }
    const running = mean && variance ? [mean, variance] : []
    if (!training && mean) return [x, ...running]
    if (countOf(x.shape) === 1) {
      throw new ShapeError(
        `Cannot record "${OP}": expected more than one value per channel in training, got ${formatType(x)}`,
      )
    }
    const own: TensorType = { shape: [channels], dtype: 'float32' }
    return [x, ...running, own, own]
  },
  gradient({ inputs, outputs, gradients: [g], attrs: { training, eps } }) {
    const [x, weight = null, bias, mean, variance] = inputs
    if (!x || !g) return [null]
    const usesBatch = training || !mean
    const statistics = usesBatch ? outputs.slice(-2) : [mean, variance ?? null]
    const [gx, gweight, gbias] = emitAll(batchNormGradient, [g, x, weight, ...statistics], { usesBatch, eps })
    return [gx ?? null, weight ? (gweight ?? null) : null, bias ? (gbias ?? null) : null]
  },
  lower(e, node) {
    const [x = '', weight, bias, mean, variance] = e.inputs
    const channels = node.inputs[0]?.shape[1] ?? 1
    const affine = [weight || channelVector(e, channels, 1), bias || channelVector(e, channels, 0)] as const
    const { training, momentum, eps } = node.attrs
    if (mean && variance && !training) {
      const y = e.op('BatchNormalization', [x, ...affine, mean, variance], { epsilon: { float: eps } })
      return [y, mean, variance]
    }
    const [y, ...own] =
      e.has('trainingBatchNorm') && typeof channels === 'number'
        ? inOnePass(e, x, affine, channels, eps)
        : inSteps(e, x, affine, node.inputs[0]?.shape.length ?? 0, eps)
    if (!mean || !variance) return [y, ...own]
    return [
      y,
      ...runningStatistics(e, [mean, variance], own, momentum, countOf(node.inputs[0]?.shape ?? [])),
      ...own,
    ]
  },
  updates: ({ training }) => (training ? RUNNING_STATISTICS : []),
  mil(e, { attrs: { eps } }) {
    const [x, gamma, beta, mean, variance] = [e.input(0), ...e.inputs.slice(1)]
    if (!mean || !variance) return e.refuse('running statistics', 'none')
    // MIL has no rank 2 here.
    const data = x.shape.length === 2 ? e.reshape(x, [...x.shape, 1]) : x
    const args = { x: data, mean, variance, gamma, beta, epsilon: { float: eps } }
    return [e.reshape(e.op('batch_norm', args, { shape: data.shape }), x.shape)]
  },
})

function checkParameter(name: string, type: TensorType | null, x: TensorType): void {
  const [, channels = 1] = x.shape
  if (type === null || (type.shape.length === 1 && dimsEqual(type.shape[0] ?? 0, channels))) return
  throw new ShapeError(
    `Cannot record "${OP}": expected a ${name} ${formatDims([channels])} for ${formatType(x)}, got ${formatType(type)}`,
  )
}

/**
 * The result, the batch's mean and its biased variance. ONNX Runtime's kernel writes its running statistics over those that go in,
 * constants and shared values too. So each call gets buffers of its own: random values, which are never folded or merged with
 * others, and of which the momentum 0 keeps nothing.
 */
function inOnePass(
  e: Emitter,
  x: string,
  affine: readonly [string, string],
  channels: number,
  eps: number,
): readonly [string, string, string] {
  const buffer = (high: number) =>
    e.op('RandomUniform', [], { shape: [channels], high: { float: high }, seed: { float: 0 } })
  const attrs = { epsilon: { float: eps }, momentum: { float: 0 }, training_mode: 1 }
  const inputs = [x, ...affine, buffer(1), buffer(2)]
  const [y = '', mean = '', variance = ''] = e.ops('BatchNormalization', inputs, [true, true, true], attrs)
  return [y, mean, variance]
}

/** The same with plain operators. The variance is that of centred values: E[x^2] - E[x]^2 loses digits where the mean is large. */
function inSteps(
  e: Emitter,
  x: string,
  affine: readonly [string, string],
  rank: number,
  eps: number,
): readonly [string, string, string] {
  const axes = e.ints(axesBesidesChannels(rank))
  const mean = e.op('ReduceMean', [x, axes])
  const centred = e.op('Sub', [x, mean])
  const variance = e.op('ReduceMean', [e.op('Mul', [centred, centred]), axes], { keepdims: 0 })
  const flatMean = e.op('Reshape', [mean, e.ints([-1])])
  const y = e.op('BatchNormalization', [x, ...affine, flatMean, variance], { epsilon: { float: eps } })
  return [y, flatMean, variance]
}

function runningStatistics(
  e: Emitter,
  running: readonly [string, string],
  [mean = '', variance = '']: readonly string[],
  momentum: number,
  count: Dim,
): string[] {
  const blend = (before: string, now: string, share: string) =>
    e.op('Add', [e.op('Mul', [before, e.scalar(1 - momentum)]), e.op('Mul', [now, share])])
  const share =
    typeof count === 'number' ? e.scalar((momentum * count) / (count - 1)) : unbiasedShare(e, momentum, count)
  return [
    e.uses(1) > 0 ? blend(running[0], mean, e.scalar(momentum)) : '',
    e.uses(2) > 0 ? blend(running[1], variance, share) : '',
  ]
}

function unbiasedShare(e: Emitter, momentum: number, count: Dim): string {
  const n = sizeNode(e, count, 'float32')
  return e.op('Div', [e.op('Mul', [n, e.scalar(momentum)]), e.op('Sub', [n, e.scalar(1)])])
}
