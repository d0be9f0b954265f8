import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { divided, minus, multiplied } from '../expressions.ts'
import { valueAt } from '../inference.ts'
import type { ScalarOperand } from './binary.ts'

/** What is left of a division rounded down: of the divisor's sign, broadcasting. */
export const remainder: Operation<ScalarOperand> = defineComposite({
  name: 'aten.remainder',
  compose(inputs, { other }) {
    const a = valueAt('aten.remainder', inputs, 0)
    const b = other ?? valueAt('aten.remainder', inputs, 1)
    const whole = divided(a, b, 'floor')
    return [minus(a, typeof b === 'number' ? multiplied(whole, b) : multiplied(whole, b))]
  },
})
