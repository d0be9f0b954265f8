import { composite, record, type Tensor } from '../../engine/tensor.ts'
import { logSigmoid } from '../../ops/activation/log-sigmoid.ts'
import { expectShape } from './check-target.ts'
import { type Reduction, reduce } from './reduction.ts'

/** What becomes of a loss's elements; default 'mean'. */
export interface LossOptions {
  readonly reduction?: Reduction
}

/** Squared differences. */
export function mse(x: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  expectShape('mse', target, x.value.shape, x)
  return composite(() => reduce(x.sub(target).pow(2), reduction))
}

/** Absolute differences. */
export function l1(x: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  expectShape('l1', target, x.value.shape, x)
  return composite(() => reduce(x.sub(target).abs(), reduction))
}

/** How the elements of `bceWithLogits` are weighted. */
export interface BceOptions extends LossOptions {
  /** Weight of each element, broadcasting; default 1. */
  readonly weight?: Tensor | null
  /** Weight of the targets' ones, broadcasting; default 1. */
  readonly posWeight?: Tensor | null
}

/** Binary cross entropy of logits with targets from 0 to 1 of the same shape, in a form that large logits do not break. */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  { weight = null, posWeight = null, reduction = 'mean' }: BceOptions = {},
): Tensor {
  expectShape('bceWithLogits', target, logits.value.shape, logits)
  return composite(() => {
    // (1 - t) x - (1 + (p - 1) t) log sigmoid(x), which is -p t log sigmoid(x) - (1 - t) log sigmoid(-x)
    const log = record(logSigmoid, [logits], {})
    const gain = posWeight === null ? log : log.mul(target.mul(posWeight.sub(1)).add(1))
    const losses = logits.mul(target.rsub(1)).sub(gain)
    return reduce(weight === null ? losses : losses.mul(weight), reduction)
  })
}

/** How the divergences of `klDiv` are taken. */
export interface KlDivOptions {
  /** 'batchmean' is the sum divided by the first dimension, as the mathematics has it; default 'mean', over all elements. */
  readonly reduction?: Reduction | 'batchmean'
  /** Whether the target holds logarithms; default false. */
  readonly logTarget?: boolean
}

/** Smallest normal float32: its logarithm times 0 is 0. */
const TINY = 2 ** -126

/** Kullback-Leibler divergence of probabilities `target` from logarithms of probabilities `scores`, of the same shape. */
export function klDiv(
  scores: Tensor,
  target: Tensor,
  { reduction = 'mean', logTarget = false }: KlDivOptions = {},
): Tensor {
  expectShape('klDiv', target, scores.value.shape, scores)
  return composite(() => {
    const log = logTarget ? target : target.clamp({ min: TINY }).log()
    const losses = (logTarget ? target.exp() : target).mul(log.sub(scores))
    if (reduction !== 'batchmean') return reduce(losses, reduction)
    return losses.sum().div(Number(scores.size(0)))
  })
}
