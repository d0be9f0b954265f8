import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { milUnary } from '../mil-unary.ts'
import { times } from './add.ts'
import { mul } from './mul.ts'
import { floatingInput, inferFloating } from './unary.ts'

/** Sine of an angle in radians. */
export const sin: Operation<NoAttributes> = defineOp({
  name: 'aten.sin',
  infer: (inputs) => [inferFloating('aten.sin', inputs)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(mul, [g, emit(cos, [x], {})], {}) : null],
  lower: (e, node) => [e.op('Sin', [floatingInput(e, node)])],
  mil: milUnary('sin'),
})

/** Cosine of an angle in radians. */
export const cos: Operation<NoAttributes> = defineOp({
  name: 'aten.cos',
  infer: (inputs) => [inferFloating('aten.cos', inputs)],
  gradient: ({ inputs: [x], gradients: [g] }) => [
    g && x ? emit(mul, [times(g, -1), emit(sin, [x], {})], {}) : null,
  ],
  lower: (e, node) => [e.op('Cos', [floatingInput(e, node)])],
  mil: milUnary('cos'),
})
