// Quantization: specs, configs, fake quantizers, and the quantizers that put them into models. This layer must not know file formats.
export type { Blocks } from '../ops/quantization/blocks.ts'
export * from './config/index.ts'
export { ConfigError, type SourcePosition } from './config-error.ts'
export * from './eager/index.ts'
export { ExportError } from './export-error.ts'
export * from './fake-quantize/index.ts'
export type { ConfigLevel } from './graph/module-table.ts'
export { defaultPatterns, type Pattern } from './graph/patterns.ts'
export type { OpLevel } from './graph/winners.ts'
export * from './inspection/index.ts'
export { defaultLogger, type Logger } from './logger.ts'
export type { ModeScope } from './mode-scope.ts'
export { moduleConfigsOf, type ResolvedModuleConfig } from './module-configs-of.ts'
export * from './qparams/index.ts'
export { type QuantizedModel, Quantizer, type SameCall } from './quantizer.ts'
export type {
  CalibrateOptions,
  CalibrationOptions,
  FinalizeOptions,
  ModeOptions,
  PrepareOptions,
  QuantizerOptions,
} from './quantizer-options.ts'
export { Registry } from './registry.ts'
export type { JsonSchema } from './schema/schema.ts'
export * from './spec/index.ts'
export * from './weights/index.ts'
