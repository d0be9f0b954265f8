import type { Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { castTo, divided, minus, multiplied, plus } from '../expressions.ts'
import { valueAt } from '../inference.ts'

type ValueFactor = { readonly value: number }

/** `x + value * a * b`, broadcasting. */
export const addcmul: Operation<ValueFactor> = defineComposite({
  name: 'aten.addcmul',
  compose(inputs, { value }) {
    const [x, a, b] = operandsOf('aten.addcmul', inputs)
    return [plus(x, multiplied(multiplied(a, b), value))]
  },
})

/** `x + value * a / b`, broadcasting. */
export const addcdiv: Operation<ValueFactor> = defineComposite({
  name: 'aten.addcdiv',
  compose(inputs, { value }) {
    const [x, a, b] = operandsOf('aten.addcdiv', inputs)
    return [plus(x, multiplied(divided(a, b), value))]
  },
})

/** `a + weight * (b - a)`: between two values, broadcasting. */
export const lerp: Operation<{ readonly weight?: number }> = defineComposite({
  name: 'aten.lerp',
  compose(inputs, { weight }) {
    const [a, b] = [valueAt('aten.lerp', inputs, 0), valueAt('aten.lerp', inputs, 1)]
    return [plus(a, multiplied(minus(b, a), weight ?? valueAt('aten.lerp', inputs, 2)))]
  },
})

/** The first tensor in the dtype of the second. */
export const typeAs: Operation<NoAttributes> = defineComposite({
  name: 'aten.type_as',
  compose: (inputs) => [castTo(valueAt('aten.type_as', inputs, 0), valueAt('aten.type_as', inputs, 1).dtype)],
})

function operandsOf(op: string, inputs: readonly (Value | null)[]): readonly [Value, Value, Value] {
  return [valueAt(op, inputs, 0), valueAt(op, inputs, 1), valueAt(op, inputs, 2)]
}
