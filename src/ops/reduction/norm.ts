import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { abs } from '../elementwise/abs.ts'
import { eq, ne } from '../elementwise/comparison.ts'
import { pow } from '../elementwise/pow.ts'
import { sqrt } from '../elementwise/sqrt.ts'
import { castTo, chosen, compared, multiplied, plus, summed } from '../expressions.ts'
import { valueAt } from '../inference.ts'
import { amax, amin } from './extremum.ts'
import { mean } from './mean.ts'
import type { ReduceAttributes } from './sum.ts'
import { variance } from './var.ts'

type NormAttributes = ReduceAttributes & { readonly ord: number }

/** Norm of the vectors along dimensions: 0 counts, 1 adds magnitudes, 2 is Euclid's, infinities are extremes. The gradient at 0 is 0. */
export const vectorNorm: Operation<NormAttributes> = norm('aten.linalg_vector_norm')

/** The same under its older name. */
export const oldNorm: Operation<NormAttributes> = norm('aten.norm')

function norm(name: string): Operation<NormAttributes> {
  return defineComposite({
    name,
    compose(inputs, { ord, ...attrs }) {
      const x = valueAt(name, inputs, 0)
      const { dim, keepdim } = attrs
      const magnitude = () => emit(abs, [x], {})
      if (ord === 0) return [summed(castTo(compared(ne, x, 0), x.dtype), dim, keepdim)]
      if (ord === 1) return [summed(magnitude(), dim, keepdim)]
      const whole = { dim: dim ?? [], keepdim }
      if (ord === Number.POSITIVE_INFINITY) return [emit(amax, [magnitude()], whole)]
      if (ord === Number.NEGATIVE_INFINITY) return [emit(amin, [magnitude()], whole)]
      const powers = ord === 2 ? multiplied(x, x) : emit(pow, [magnitude()], { exponent: ord })
      const total = summed(powers, dim, keepdim)
      const isZero = compared(eq, total, 0)
      const safe = plus(total, castTo(isZero, x.dtype))
      const root = ord === 2 ? emit(sqrt, [safe], {}) : emit(pow, [safe], { exponent: 1 / ord })
      return [chosen(compared(eq, isZero, 0), root, 0)]
    },
  })
}

type SpreadAttributes = ReduceAttributes & { readonly correction: number | null }

/** Standard deviation over dimensions. */
export const std: Operation<SpreadAttributes> = defineComposite({
  name: 'aten.std',
  compose: (inputs, attrs) => [emit(sqrt, [emit(variance, [valueAt('aten.std', inputs, 0)], attrs)], {})],
})

/** Variance and mean over dimensions. */
export const varMean: Operation<SpreadAttributes> = defineComposite({
  name: 'aten.var_mean',
  compose(inputs, { correction, ...attrs }) {
    const x = valueAt('aten.var_mean', inputs, 0)
    return [emit(variance, [x], { ...attrs, correction }), emit(mean, [x], attrs)]
  },
})

/** Standard deviation and mean over dimensions. */
export const stdMean: Operation<SpreadAttributes> = defineComposite({
  name: 'aten.std_mean',
  compose(inputs, { correction, ...attrs }) {
    const x = valueAt('aten.std_mean', inputs, 0)
    return [emit(std, [x], { ...attrs, correction }), emit(mean, [x], attrs)]
  },
})
