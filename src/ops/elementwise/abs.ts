import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { mul } from './mul.ts'
import { inferNumeric } from './unary.ts'

/** Absolute value; the gradient at 0 is 0. */
export const abs: Operation<NoAttributes> = defineOp({
  name: 'aten.abs',
  infer: (inputs) => [inferNumeric('aten.abs', inputs)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(mul, [g, emit(sign, [x], {})], {}) : null],
  lower: (e) => [e.op('Abs', [e.inputs[0] ?? ''])],
  mil: (e) => [e.op('abs', { x: e.input(0) })],
})

/** -1, 0 or 1, as an element is below, at or above 0. */
export const sign: Operation<NoAttributes> = defineOp({
  name: 'aten.sign',
  infer: (inputs) => [inferNumeric('aten.sign', inputs)],
  gradient: 'none',
  lower: (e) => [e.op('Sign', [e.inputs[0] ?? ''])],
  mil: (e) => [e.op('sign', { x: e.input(0) })],
})
