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

/** Makes the calculator that a spec names. The default is static for weights and tables, moving_average for activations. */
export function makeQParamsCalculator(spec: FullSpec, target: QuantizationTarget): QParamsCalculator {
  const byDefault = target === 'activation' ? 'moving_average' : 'static'
  const Calculator = qparamsCalculators.get(
    spec.qparamCalculator === 'default' ? byDefault : spec.qparamCalculator,
  )
  return new Calculator(spec, target)
}
