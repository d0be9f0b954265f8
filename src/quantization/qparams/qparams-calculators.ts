import { Registry } from '../registry.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import {
  DynamicCalculator,
  GlobalMinMaxCalculator,
  MovingAverageCalculator,
  StaticCalculator,
} from './calculators.ts'
import type { FullSpec, QParamsCalculator, QParamsCalculatorClass } from './qparams-calculator.ts'

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

/** Key of the calculator that `default` stands for: static for weights and tables, moving_average for activations. */
export function defaultCalculator(target: QuantizationTarget): string {
  return target === 'activation' ? 'moving_average' : 'static'
}

/** Makes the calculator that a spec names. */
export function makeQParamsCalculator(spec: FullSpec, target: QuantizationTarget): QParamsCalculator {
  const { qparamCalculator: key } = spec
  const Calculator = qparamsCalculators.get(key === 'default' ? defaultCalculator(target) : key)
  return new Calculator(spec, target)
}
