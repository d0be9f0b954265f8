import type { Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { abs } from '../../../ops/elementwise/abs.ts'
import { sub } from '../../../ops/elementwise/add.ts'
import { div } from '../../../ops/elementwise/div.ts'
import { exp } from '../../../ops/elementwise/exp.ts'
import { log } from '../../../ops/elementwise/log.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { sqrt } from '../../../ops/elementwise/sqrt.ts'
import { argmax, argmin } from '../../../ops/reduction/arg-extremum.ts'
import { cumsum } from '../../../ops/reduction/cumsum.ts'
import { amax, amin } from '../../../ops/reduction/extremum.ts'
import { mean } from '../../../ops/reduction/mean.ts'
import { prod } from '../../../ops/reduction/prod.ts'
import { sum } from '../../../ops/reduction/sum.ts'
import { flip } from '../../../ops/shape/roll.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import { axisOf } from './shape.ts'

type ReduceOp = Operation<{ readonly dim: readonly number[] | null; readonly keepdim: boolean }>

/** A reduction, of the input or of what `before` makes of it, to what `after` makes of the result. */
function reduce(
  op: ReduceOp,
  before: (call: NodeCall, x: Value) => Value = (_, x) => x,
  after: (call: NodeCall, y: Value) => Value = (_, y) => y,
): Importer {
  return (call) => {
    const x = call.value(0)
    const axes = call.optional(1) === undefined ? [] : call.numbers(1)
    if (axes === undefined) return undefined
    if (axes.length === 0 && call.int('noop_with_empty_axes', 0) === 1) return undefined
    const dim = axes.length === 0 ? null : axes.map((axis) => axisOf(call, axis, x.shape.length))
    return after(call, call.emit(op, [before(call, x)], { dim, keepdim: call.int('keepdims', 1) === 1 }))
  }
}

const square = (call: NodeCall, x: Value) => call.emit(mul, [x, x], {})
const logarithm = (call: NodeCall, y: Value) => call.emit(log, [y], {})

function argument(op: Operation<{ readonly dim: number | null; readonly keepdim: boolean }>): Importer {
  return (call) => {
    if (call.int('select_last_index', 0) === 1) return undefined
    const x = call.value(0)
    const dim = axisOf(call, call.int('axis', 0), x.shape.length)
    return call.emit(op, [x], { dim, keepdim: call.int('keepdims', 1) === 1 })
  }
}

const runningSum: Importer = (call) => {
  const x = call.value(0)
  const [axis] = call.numbers(1) ?? []
  if (axis === undefined) return undefined
  const dim = axisOf(call, axis, x.shape.length)
  const turn = (value: Value) =>
    call.int('reverse', 0) === 1 ? call.emit(flip, [value], { dims: [dim] }) : value
  const sums = turn(call.emit(cumsum, [turn(x)], { dim }))
  return call.int('exclusive', 0) === 1 ? call.emit(sub, [sums, x], { alpha: 1 }) : sums
}

/** Products along several axes are taken one after the other. */
const product: Importer = (call) => {
  const x = call.value(0)
  const axes = call.optional(1) === undefined ? [] : call.numbers(1)
  if (axes === undefined || (axes.length === 0 && call.int('noop_with_empty_axes', 0) === 1)) return undefined
  const keepdim = call.int('keepdims', 1) === 1
  const all =
    axes.length === 0 ? x.shape.map((_, i) => i) : axes.map((axis) => axisOf(call, axis, x.shape.length))
  // From the last on, so that axes keep their places.
  return all.toSorted((a, b) => b - a).reduce((value, dim) => call.emit(prod, [value], { dim, keepdim }), x)
}

/** A tensor over its norm along an axis. */
const lpNormalization: Importer = (call) => {
  const [x, p] = [call.value(0), call.int('p', 2)]
  const dim = [axisOf(call, call.int('axis', -1), x.shape.length)]
  const powers = p === 1 ? call.emit(abs, [x], {}) : square(call, x)
  const total = call.emit(sum, [powers], { dim, keepdim: true })
  return call.emit(div, [x, p === 1 ? total : call.emit(sqrt, [total], {})], { roundingMode: null })
}

/** Reductions. */
export const reduction: Readonly<Record<string, Importer>> = {
  ArgMax: argument(argmax),
  ArgMin: argument(argmin),
  CumSum: runningSum,
  LpNormalization: lpNormalization,
  ReduceProd: product,
  ReduceL1: reduce(sum, (call, x) => call.emit(abs, [x], {})),
  ReduceL2: reduce(sum, square, (call, y) => call.emit(sqrt, [y], {})),
  ReduceLogSum: reduce(sum, undefined, logarithm),
  ReduceLogSumExp: reduce(sum, (call, x) => call.emit(exp, [x], {}), logarithm),
  ReduceMax: reduce(amax),
  ReduceMean: reduce(mean),
  ReduceMin: reduce(amin),
  ReduceSum: reduce(sum),
  ReduceSumSquare: reduce(sum, square),
}
