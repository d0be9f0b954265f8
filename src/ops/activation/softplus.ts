import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { times } from '../elementwise/add.ts'
import { gt } from '../elementwise/comparison.ts'
import { maximum } from '../elementwise/minimum.ts'
import { mul } from '../elementwise/mul.ts'
import { to } from '../elementwise/to.ts'
import { floatingAt } from '../inference.ts'
import { sigmoid } from './sigmoid.ts'

/** Where `beta * x` is above the threshold, the function is x. Defaults: 1 and 20. */
type SoftplusAttributes = { readonly beta: number; readonly threshold: number }

/** From here on float32 cannot tell softplus from its argument, so that the threshold changes nothing. */
const INDISTINGUISHABLE = 17

/** `log(1 + exp(beta * x)) / beta`, a smooth rectifier. */
export const softplus: Operation<SoftplusAttributes> = defineOp({
  name: 'aten.softplus',
  infer(inputs, { beta }) {
    if (beta === 0) throw new RangeError('Cannot record "aten.softplus": expected beta other than 0, got 0')
    return [floatingAt('aten.softplus', inputs, 0)]
  },
  gradient({ inputs: [x], gradients: [g], attrs: { beta, threshold } }) {
    if (!x || !g) return [null]
    const z = times(x, beta)
    const curve = emit(sigmoid, [z], {})
    if (threshold >= INDISTINGUISHABLE) return [emit(mul, [g, curve], {})]
    const step = emit(to, [emit(gt, [z], { other: threshold })], { dtype: curve.dtype })
    return [emit(mul, [g, emit(maximum, [curve, step], {})], {})]
  },
  lower(e, { attrs: { beta, threshold } }) {
    const [x = ''] = e.inputs
    const z = beta === 1 ? x : e.op('Mul', [x, e.scalar(beta)])
    const curve = e.op('Softplus', [z])
    const scaled = beta === 1 ? curve : e.op('Mul', [curve, e.scalar(1 / beta)])
    if (threshold >= INDISTINGUISHABLE) return [scaled]
    return [e.op('Where', [e.op('Greater', [z, e.scalar(threshold)]), x, scaled])]
  },
  mil(e, { attrs: { beta, threshold } }) {
    const x = e.input(0)
    const z = beta === 1 ? x : e.op('mul', { x, y: { float: beta } })
    const curve = e.op('softplus', { x: z })
    const scaled = beta === 1 ? curve : e.op('mul', { x: curve, y: { float: 1 / beta } })
    if (threshold >= INDISTINGUISHABLE) return [scaled]
    const isBeyond = e.op('greater', { x: z, y: { float: threshold } }, { dtype: 'bool' })
    return [e.op('select', { cond: isBeyond, a: x, b: scaled })]
  },
})
