import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/** `average`: weight of the new range in a moving average; null keeps the extremes instead. */
export type RunningRangeAttributes = { readonly average: number | null }

const NAME = 'lowbit.running_range'

/**
 * A running range brought up to date with a new one: inputs are the new minimum and maximum, then the running ones. Products and sums of an
 * average are rounded to the dtype one by one; NaN stays.
 */
export const runningRange: Operation<RunningRangeAttributes> = defineOp({
  name: NAME,
  infer: (inputs) => [floatingAt(NAME, inputs, 2), floatingAt(NAME, inputs, 3)],
  gradient: 'none',
  lower(e, { outputs: [y], attrs: { average } }) {
    const [min = '', max = '', runningMin = '', runningMax = ''] = e.inputs
    if (average === null) return [e.op('Min', [min, runningMin]), e.op('Max', [max, runningMax])]
    const round = (value: string) => (y && y.dtype !== 'float32' ? e.cast(value, y.dtype) : value)
    const blend = (fresh: string, running: string) =>
      e.op('Add', [
        round(e.op('Mul', [fresh, e.scalar(average)])),
        round(e.op('Mul', [running, e.scalar(1 - average)])),
      ])
    return [blend(min, runningMin), blend(max, runningMax)]
  },
})
