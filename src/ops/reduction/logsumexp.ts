import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { ne } from '../elementwise/comparison.ts'
import { detach } from '../elementwise/detach.ts'
import { exp } from '../elementwise/exp.ts'
import { log } from '../elementwise/log.ts'
import { castTo, compared, minus, plus, summed } from '../expressions.ts'
import { valueAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { amax, amin } from './extremum.ts'
import type { ReduceAttributes } from './sum.ts'

/** `log(sum(exp(x)))` over dimensions, with the largest element taken out first. */
export const logsumexp: Operation<ReduceAttributes> = defineComposite({
  name: 'aten.logsumexp',
  compose(inputs, { dim, keepdim }) {
    const x = valueAt('aten.logsumexp', inputs, 0)
    const largest = emit(detach, [emit(amax, [x], { dim: dim ?? [], keepdim: true })], {})
    const total = summed(emit(exp, [minus(x, largest)], {}), dim, keepdim)
    return [plus(emit(log, [total], {}), reshaped(largest, total.shape))]
  },
})

/** The sum of a condition's truths decides: whether any element is true, or all are. */
type TruthAttributes = { readonly dim?: number; readonly keepdim?: boolean }

/** Whether any element, of all or along a dimension, is other than 0. */
export const any: Operation<TruthAttributes> = truth('aten.any', amax)

/** Whether all elements, of all or along a dimension, are other than 0. */
export const all: Operation<TruthAttributes> = truth('aten.all', amin)

function truth(name: string, reduce: typeof amax): Operation<TruthAttributes> {
  return defineComposite({
    name,
    gradient: 'none',
    compose(inputs, { dim, keepdim = false }) {
      const x = valueAt(name, inputs, 0)
      const isTrue = x.dtype === 'bool' ? x : compared(ne, x, 0)
      const reduced = emit(reduce, [castTo(isTrue, 'int32')], {
        dim: dim === undefined ? [] : [dim],
        keepdim,
      })
      return [castTo(reduced, 'bool')]
    },
  })
}
