import { emit, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { sub } from '../elementwise/add.ts'
import { exp } from '../elementwise/exp.ts'
import { mul } from '../elementwise/mul.ts'
import { floatingAt, normalizeDim } from '../inference.ts'
import { sum } from '../reduction/sum.ts'

/** The dimension over which the results sum to 1. */
type SoftmaxAttributes = { readonly dim: number }

/** Exponentials over a dimension, divided by their sum. */
export const softmax: Operation<SoftmaxAttributes> = defineOp({
  name: 'aten.softmax',
  infer: (inputs, attrs) => [inferSoftmax('aten.softmax', inputs, attrs)],
  gradient({ outputs: [y], gradients: [g], attrs }) {
    if (!y || !g) return [null]
    const mean = total(emit(mul, [g, y], {}), attrs)
    return [emit(mul, [y, emit(sub, [g, mean], { alpha: 1 })], {})]
  },
  lower: (e, { attrs: { dim } }) => [e.op('Softmax', [e.inputs[0] ?? ''], { axis: dim })],
  mil: (e, { attrs: { dim } }) => [e.op('softmax', { x: e.input(0), axis: dim })],
})

/** Logarithm of the softmax. */
export const logSoftmax: Operation<SoftmaxAttributes> = defineOp({
  name: 'aten.log_softmax',
  infer: (inputs, attrs) => [inferSoftmax('aten.log_softmax', inputs, attrs)],
  gradient({ outputs: [y], gradients: [g], attrs }) {
    if (!y || !g) return [null]
    const share = emit(mul, [emit(exp, [y], {}), total(g, attrs)], {})
    return [emit(sub, [g, share], { alpha: 1 })]
  },
  lower: (e, { attrs: { dim } }) => [e.op('LogSoftmax', [e.inputs[0] ?? ''], { axis: dim })],
  mil(e, { attrs: { dim } }) {
    const x = e.input(0)
    const axis = normalizeDim('aten.log_softmax', dim, x.shape.length)
    const shape = x.shape.map((size, i) => (i === axis ? 1 : size))
    const total = e.op('reduce_log_sum_exp', { x, axes: [axis], keep_dims: true }, { shape })
    return [e.op('sub', { x, y: total })]
  },
})

function inferSoftmax(
  op: string,
  inputs: readonly (TensorType | null)[],
  { dim }: SoftmaxAttributes,
): TensorType {
  const type = floatingAt(op, inputs, 0)
  normalizeDim(op, dim, type.shape.length)
  return type
}

function total(value: Value, { dim }: SoftmaxAttributes): Value {
  return emit(sum, [value], { dim: [dim], keepdim: true })
}
