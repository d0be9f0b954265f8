import type { MilValue } from '../../ir/mil-emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { times } from '../elementwise/add.ts'
import { mul } from '../elementwise/mul.ts'
import { floatingAt } from '../inference.ts'
import { sigmoid } from './sigmoid.ts'

/** Logarithm of the logistic function, exact also far below 0, where that function vanishes. */
export const logSigmoid: Operation<NoAttributes> = defineOp({
  name: 'aten.log_sigmoid',
  infer: (inputs) => [floatingAt('aten.log_sigmoid', inputs, 0)],
  gradient: ({ inputs: [x], gradients: [g] }) => [
    g && x ? emit(mul, [g, emit(sigmoid, [times(x, -1)], {})], {}) : null,
  ],
  lower: (e) => [e.op('Neg', [e.op('Softplus', [e.op('Neg', [e.inputs[0] ?? ''])])])],
  mil(e) {
    const negative = (x: MilValue) => e.op('mul', { x, y: { float: -1 } })
    return [negative(e.op('softplus', { x: negative(e.input(0)) }))]
  },
})
