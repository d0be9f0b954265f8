// Ranges of tensors, and the scales, zero points and minvals that follow from them.
export type { AxisScale } from './array-qparams.ts'
export {
  DynamicCalculator,
  GlobalMinMaxCalculator,
  MovingAverageCalculator,
  StaticCalculator,
} from './calculators.ts'
export { EntropyRange } from './entropy-range.ts'
export { type Histogram, HistogramRange } from './histogram-range.ts'
export { MinMaxRange } from './minmax-range.ts'
export { MSERange } from './mse-range.ts'
export { PercentileRange } from './percentile-range.ts'
export type { QParams } from './qparams.ts'
export { QParamsCalculator, type QParamsCalculatorClass } from './qparams-calculator.ts'
export { makeQParamsCalculator, qparamsCalculators } from './qparams-calculators.ts'
export { RangeCalculator, type RangeCalculatorClass, type TensorRange } from './range-calculator.ts'
export { rangeCalculators } from './range-calculators.ts'
export { type CountedValues, SearchedRange } from './searched-range.ts'
