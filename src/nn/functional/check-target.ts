import { storageOf } from '../../engine/placement.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { type Dim, type Dims, dimsEqual, formatDims } from '../../ir/dim.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'

/** @throws ShapeError when a loss's target has not the shape that its scores ask for */
export function expectShape(loss: string, target: Tensor, expected: Dims, scores: Tensor): void {
  const got = target.value.shape
  if (got.length === expected.length && got.every((size, i) => dimsEqual(size, expected[i] ?? -1))) return
  throw new ShapeError(
    `Cannot compute "${loss}": expected a target ${formatDims(expected)} for scores ${formatDims(scores.value.shape)}, got ${formatDims(got)}`,
  )
}

/**
 * Checks labels that are on the host; others are not known yet when a loss is recorded.
 * @throws RangeError when one is neither a class nor ignored
 */
export function checkLabels(loss: string, target: Tensor, classes: Dim, ignoreIndex: number): void {
  const host = storageOf(target.value)?.host
  if (host === undefined || typeof classes !== 'number') return
  for (const [i, element] of toTypedArray(host).entries()) {
    const label = Number(element)
    if ((label >= 0 && label < classes) || label === ignoreIndex) continue
    throw new RangeError(
      `Cannot compute "${loss}": expected labels from 0 to ${classes - 1}, got ${label} (element ${i})`,
    )
  }
}
