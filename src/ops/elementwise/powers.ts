import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { multiplied } from '../expressions.ts'
import { valueAt } from '../inference.ts'
import { exp } from './exp.ts'
import { log } from './log.ts'

/** The square. */
export const square: Operation<NoAttributes> = defineComposite({
  name: 'aten.square',
  compose(inputs) {
    const x = valueAt('aten.square', inputs, 0)
    return [multiplied(x, x)]
  },
})

/** 2 to the power. */
export const exp2: Operation<NoAttributes> = defineComposite({
  name: 'aten.exp2',
  compose: (inputs) => [emit(exp, [multiplied(valueAt('aten.exp2', inputs, 0), Math.LN2)], {})],
})

/** Logarithm to the base 2. */
export const log2: Operation<NoAttributes> = logarithm('aten.log2', Math.LOG2E)

/** Logarithm to the base 10. */
export const log10: Operation<NoAttributes> = logarithm('aten.log10', Math.LOG10E)

function logarithm(name: string, factor: number): Operation<NoAttributes> {
  return defineComposite({
    name,
    compose: (inputs) => [multiplied(emit(log, [valueAt(name, inputs, 0)], {}), factor)],
  })
}
