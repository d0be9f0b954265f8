import { Registry } from '../registry.ts'
import { EntropyRange } from './entropy-range.ts'
import { MinMaxRange } from './minmax-range.ts'
import { MSERange } from './mse-range.ts'
import { PercentileRange } from './percentile-range.ts'
import type { RangeCalculatorClass } from './range-calculator.ts'

/** Range calculators by the key under which a spec names them. */
export const rangeCalculators: Registry<RangeCalculatorClass> = new Registry<RangeCalculatorClass>(
  'range calculator',
  {
    minmax: MinMaxRange,
    percentile: PercentileRange,
    histogram_mse: MSERange,
    entropy: EntropyRange,
  },
)
