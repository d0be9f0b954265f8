import { Registry } from '../registry.ts'
import { MinMaxRange } from './minmax-range.ts'
import type { RangeCalculatorClass } from './range-calculator.ts'

/** Range calculators by the key under which a spec names them. */
export const rangeCalculators: Registry<RangeCalculatorClass> = new Registry<RangeCalculatorClass>(
  'range calculator',
  {
    minmax: MinMaxRange,
  },
)
