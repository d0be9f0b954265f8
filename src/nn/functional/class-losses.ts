import { arange } from '../../engine/create-tensors.ts'
import { composite, type Tensor } from '../../engine/tensor.ts'
import type { Dim } from '../../ir/dim.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { checkLabels, expectShape } from './check-target.ts'
import { type Reduction, reduce } from './reduction.ts'

/** How the losses of classes are weighted and reduced. */
export interface NllOptions {
  /** Weight of each class, [C]; default 1. */
  readonly weight?: Tensor | null
  /** Label whose elements do not count; default -100. */
  readonly ignoreIndex?: number
  /** Default: 'mean', over the weights of the labels. */
  readonly reduction?: Reduction
}

/** What cross entropy takes besides. */
export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target that is spread over all classes, in [0, 1]; default 0. */
  readonly labelSmoothing?: number
}

/**
 * Cross entropy of logits [N, C, ...] (or [C]) with labels [N, ...] of an integer dtype, or with probabilities of the logits' shape.
 *
 * @throws ShapeError when the shapes do not fit
 * @throws RangeError when a label that is known on the host is no class
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  return composite(() => {
    const scores = logits.logSoftmax(classDim(logits))
    return isFloating(target.dtype)
      ? probabilityLoss(scores, target, options)
      : labelLoss('crossEntropy', scores, target, options)
  })
}

/**
 * Negative log likelihood of labels [N, ...] under logarithms of probabilities [N, C, ...] (or [C]).
 *
 * @throws ShapeError when the shapes do not fit
 * @throws RangeError when a label that is known on the host is no class
 */
export function nll(scores: Tensor, target: Tensor, options: NllOptions = {}): Tensor {
  return composite(() => labelLoss('nll', scores, target, options))
}

/** A product with one row per class for each label, rather than a gather: its gradient is a product again. */
function labelLoss(name: string, scores: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { weight = null, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = options
  const dim = classDim(scores)
  const classes = scores.size(dim)
  expectShape(name, target, scores.value.shape.toSpliced(dim, 1), scores)
  checkLabels(name, target, classes, ignoreIndex)
  const labels = target.unsqueeze(dim)
  const hot = labels.eq(classNumbers(scores, target)).to(scores.dtype)
  const counted = labels.ne(ignoreIndex).to(scores.dtype)
  // A label that is ignored is mostly no class at all, and has a row of zeros anyway.
  const mayBeClass = ignoreIndex >= 0 && !(typeof classes === 'number' && ignoreIndex >= classes)
  const rows = weighted(mayBeClass ? hot.mul(counted) : hot, weight, scores)
  const spread = () => weighted(smoothed(hot, labelSmoothing, classes).mul(counted), weight, scores)
  const products = (labelSmoothing === 0 ? rows : spread()).mul(scores)
  if (reduction === 'mean') return products.sum().div(rows.sum().neg())
  return (reduction === 'sum' ? products.sum() : products.sum(dim)).neg()
}

function probabilityLoss(scores: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { weight = null, reduction = 'mean', labelSmoothing = 0 } = options
  const dim = classDim(scores)
  expectShape('crossEntropy', target, scores.value.shape, scores)
  const soft = labelSmoothing === 0 ? target : smoothed(target, labelSmoothing, scores.size(dim))
  return reduce(weighted(soft, weight, scores).mul(scores).sum(dim).neg(), reduction)
}

function classDim({ value: { shape } }: Tensor): number {
  return shape.length === 1 ? 0 : 1
}

/** The numbers of the classes, along the class dimension of `scores`. */
function classNumbers(scores: Tensor, target: Tensor): Tensor {
  const dim = classDim(scores)
  const numbers = arange(0, scores.size(dim), { dtype: target.dtype })
  return alongClasses(numbers, scores)
}

function weighted(rows: Tensor, weight: Tensor | null, scores: Tensor): Tensor {
  return weight === null ? rows : rows.mul(alongClasses(weight, scores))
}

/** A vector of one element per class, so that it broadcasts with the scores. */
function alongClasses(vector: Tensor, scores: Tensor): Tensor {
  const inner = scores.value.shape.length - classDim(scores) - 1
  return inner === 0 ? vector : vector.reshape([-1, ...Array.from({ length: inner }, () => 1)])
}

function smoothed(rows: Tensor, share: number, classes: Dim): Tensor {
  if (typeof classes !== 'number')
    throw new RangeError(`Cannot smooth labels: expected a fixed number of classes, got ${classes}`)
  return rows.mul(1 - share).add(share / classes)
}
