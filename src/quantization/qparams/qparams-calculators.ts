import { Registry } from '../registry.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import {
  DynamicCalculator,
  GlobalMinMaxCalculator,
  MovingAverageCalculator,
  StaticCalculator,
} from './calculators.ts'
import type { QParamsCalculator, QParamsCalculatorClass } from './qparams-calculator.ts'
import { rangeCalculators } from './range-calculators.ts'

/** Calculators by the key under which a spec names them; `default` stands for one of them. */
export const qparamsCalculators: Registry<QParamsCalculatorClass> = new Registry<QParamsCalculatorClass>(
  'qparam calculator',
  {
    static: StaticCalculator,
    dynamic: DynamicCalculator,
    moving_average: MovingAverageCalculator,
    global_minmax: GlobalMinMaxCalculator,
  },
)

/**
 * Key of the calculator that `default` stands for: static for weights, for tables, and for ranges that take in all tensors themselves;
 * else moving_average.
 */
export function defaultCalculator(target: QuantizationTarget, rangeCalculator: string = 'minmax'): string {
  const { accumulates = false } = rangeCalculators.get(rangeCalculator)
  return target === 'activation' && !accumulates ? 'moving_average' : 'static'
}

/** Makes the calculator that a spec names. */
export function makeQParamsCalculator(spec: FullSpec, target: QuantizationTarget): QParamsCalculator {
  const { qparamCalculator: key, rangeCalculator } = spec
  const Calculator = qparamsCalculators.get(
    key === 'default' ? defaultCalculator(target, rangeCalculator) : key,
  )
  return new Calculator(spec, target)
}
