import { emit, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { compared } from '../expressions.ts'
import { valueAt } from '../inference.ts'
import { abs } from './abs.ts'
import { eq, ne } from './comparison.ts'
import { logicalAnd, logicalNot, logicalOr } from './logic.ts'

/** Whether an element is not a number. */
export const isnan: Operation<NoAttributes> = defineComposite({
  name: 'aten.isnan',
  gradient: 'none',
  compose(inputs) {
    const x = valueAt('aten.isnan', inputs, 0)
    return [compared(ne, x, x)]
  },
})

/** Whether an element is infinite, of either sign. */
export const isinf: Operation<NoAttributes> = defineComposite({
  name: 'aten.isinf',
  gradient: 'none',
  compose: (inputs) => [
    compared(eq, emit(abs, [valueAt('aten.isinf', inputs, 0)], {}), Number.POSITIVE_INFINITY),
  ],
})

/** Whether both bools are true. */
export const bitwiseAnd: Operation<NoAttributes> = connective('aten.bitwise_and', logicalAnd)

/** Whether one or both bools are true. */
export const bitwiseOr: Operation<NoAttributes> = connective('aten.bitwise_or', logicalOr)

/** Not, of bools. */
export const bitwiseNot: Operation<NoAttributes> = defineComposite({
  name: 'aten.bitwise_not',
  gradient: 'none',
  compose(inputs) {
    return [emit(logicalNot, [boolAt('aten.bitwise_not', inputs, 0)], {})]
  },
})

function connective(name: string, op: Operation<NoAttributes>): Operation<NoAttributes> {
  return defineComposite({
    name,
    gradient: 'none',
    compose: (inputs) => [emit(op, [boolAt(name, inputs, 0), boolAt(name, inputs, 1)], {})],
  })
}

/** @throws TypeError for what is not a bool: lowbit has no bits of integers */
function boolAt(op: string, inputs: readonly (Value | null)[], index: number): Value {
  const value = valueAt(op, inputs, index)
  if (value.dtype === 'bool') return value
  throw new TypeError(`Cannot record "${op}": expected bools, got ${value.dtype}`)
}
