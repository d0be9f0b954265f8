import { type Dim, type Dims, sizeOfDims } from '../../ir/dim.ts'
import { emit, type Value } from '../../ir/node.ts'
import { full } from '../creation/full.ts'
import { add, times } from '../elementwise/add.ts'
import { div } from '../elementwise/div.ts'
import { normalizeDims } from '../inference.ts'
import { type ReduceAttributes, sum } from './sum.ts'

/** How many elements of a shape make one element of its reduction. */
export function reducedCount(op: string, shape: Dims, { dim }: ReduceAttributes): Dim {
  return sizeOfDims(normalizeDims(op, dim, shape.length).map((axis) => shape[axis] ?? 1))
}

/** A value over a number of elements less `correction`, also where that number is only known when the graph runs. */
export function dividedByCount(value: Value, count: Dim, correction = 0): Value {
  if (typeof count === 'number') return times(value, 1 / Math.max(count - correction, 0))
  const ones = emit(full, [], { size: [count], fillValue: 1, dtype: value.dtype })
  const total = emit(sum, [ones], { dim: null, keepdim: false })
  const divisor = correction === 0 ? total : emit(add, [total], { other: -correction, alpha: 1 })
  return emit(div, [value, divisor], { roundingMode: null })
}
