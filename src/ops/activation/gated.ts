import { divideExactly } from '../../ir/dim.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { gt } from '../elementwise/comparison.ts'
import { chosen, compared, multiplied } from '../expressions.ts'
import { normalizeDim, valueAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { slice } from '../shape/slice.ts'
import { sigmoid } from './sigmoid.ts'

/** Gated linear unit (Dauphin et al. 2017): the first half of a dimension times the sigmoid of the second. */
export const glu: Operation<{ readonly dim: number }> = defineComposite({
  name: 'aten.glu',
  compose(inputs, { dim }) {
    const x = valueAt('aten.glu', inputs, 0)
    const axis = normalizeDim('aten.glu', dim, x.shape.length)
    const half = divideExactly(x.shape[axis] ?? 1, 2)
    if (half === undefined || (typeof half === 'number' && !Number.isInteger(half))) {
      throw new ShapeError(
        `Cannot record "aten.glu": expected an even size of dimension ${dim}, got ${formatType(x)}`,
      )
    }
    const part = (start: typeof half, end: typeof half) =>
      emit(slice, [x], { dim: axis, start, end, step: 1 })
    return [multiplied(part(0, half), emit(sigmoid, [part(half, x.shape[axis] ?? 1)], {}))]
  },
})

/** x where it is positive, else x times a learned slope: one for all, or one for each channel (dimension 1). He et al. 2015. */
export const prelu: Operation<NoAttributes> = defineComposite({
  name: 'aten.prelu',
  compose(inputs) {
    const x = valueAt('aten.prelu', inputs, 0)
    const weight = valueAt('aten.prelu', inputs, 1)
    const count = weight.shape[0] ?? 1
    const slope = reshaped(
      weight,
      x.shape.map((_, i) => (i === Math.min(1, x.shape.length - 1) ? count : 1)),
    )
    return [chosen(compared(gt, x, 0), x, multiplied(x, slope))]
  },
})

/** x where it is above the threshold, else the value. */
export const threshold: Operation<{ readonly threshold: number; readonly value: number }> = defineComposite({
  name: 'aten.threshold',
  compose(inputs, { threshold: limit, value }) {
    const x = valueAt('aten.threshold', inputs, 0)
    return [chosen(compared(gt, x, limit), x, value)]
  },
})
