// Quantization specs: how one tensor is quantized, and which elements share a scale. Nothing here knows models or configs.
export { blockShape, qparamShape } from './block-shape.ts'
export {
  type QuantizedDType,
  type QuantizedDTypeName,
  type QuantizedFloat,
  quantizedDTypes,
  quantRangeOf,
  type ScaleDType,
} from './dtypes.ts'
export { type Granularity, PerBlock, PerChannel, PerTensor } from './granularity.ts'
export {
  DEFAULT_ACTIVATION_SPEC,
  DEFAULT_WEIGHT_SPEC,
  QuantizationSpec,
  type SpecOptions,
} from './quantization-spec.ts'
export { QuantizationFormulation, QuantizationScheme, type QuantizationTarget } from './scheme.ts'
export type { DerivedSpecFields, FloatRange, FullSpec, SpecFields } from './spec-fields.ts'
