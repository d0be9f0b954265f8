// Ranges of tensors, and the scales, zero points and minvals that follow from them.
export {
  DynamicCalculator,
  GlobalMinMaxCalculator,
  MovingAverageCalculator,
  StaticCalculator,
} from './calculators.ts'
export { MinMaxRange } from './minmax-range.ts'
export type { QParams } from './qparams.ts'
export { type FullSpec, QParamsCalculator, type QParamsCalculatorClass } from './qparams-calculator.ts'
export { makeQParamsCalculator, qparamsCalculators } from './qparams-calculators.ts'
export { RangeCalculator, type RangeCalculatorClass, type TensorRange } from './range-calculator.ts'
export { rangeCalculators } from './range-calculators.ts'
