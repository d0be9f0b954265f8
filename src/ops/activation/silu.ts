import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { add } from '../elementwise/add.ts'
import { mul } from '../elementwise/mul.ts'
import { rsub } from '../elementwise/rsub.ts'
import { floatingAt } from '../inference.ts'
import { milUnary } from '../mil-unary.ts'
import { sigmoid } from './sigmoid.ts'

/** `x * sigmoid(x)`, also known as swish. */
export const silu: Operation<NoAttributes> = defineOp({
  name: 'aten.silu',
  infer: (inputs) => [floatingAt('aten.silu', inputs, 0)],
  gradient({ inputs: [x], outputs: [y], gradients: [g] }) {
    if (!x || !y || !g) return [null]
    const rest = emit(mul, [emit(sigmoid, [x], {}), emit(rsub, [y], { other: 1, alpha: 1 })], {})
    return [emit(mul, [g, emit(add, [y, rest], { alpha: 1 })], {})]
  },
  lower(e) {
    const [x = ''] = e.inputs
    return [e.op('Mul', [x, e.op('Sigmoid', [x])])]
  },
  mil: milUnary('silu'),
})
