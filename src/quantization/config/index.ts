// Configs: which part of a model is quantized by which spec, as people write and commit them. Nothing here knows graphs.
export { ExecutionMode, ExportBackend, readExecutionMode, readExportBackend } from './execution-mode.ts'
export { configJsonSchema } from './json-schema.ts'
export { KVCacheQuantConfig } from './kv-cache-quant-config.ts'
export { ModuleQuantizerConfig, type ModuleQuantizerConfigOptions } from './module-quantizer-config.ts'
export type { ModuleTarget } from './module-targets.ts'
export { isModuleType, moduleTypeName, readModuleType } from './module-types.ts'
export { NamePattern, namePattern } from './name-pattern.ts'
export type { DictOptions, OpConfigMap, OpConfigs } from './named-configs.ts'
export { OpQuantizerConfig, type OpQuantizerConfigOptions } from './op-quantizer-config.ts'
export type { BlockOptions, ModulePresetOptions } from './preset-options.ts'
export { QATSchedule, type QATScheduleOptions } from './qat-schedule.ts'
export { QuantizerConfig } from './quantizer-config.ts'
export type {
  ModuleConfigMap,
  PresetOptions,
  QuantizerConfigOptions,
  ReadOptions,
} from './quantizer-config-options.ts'
export { type SpecMap, type StateSpecs, specFor, type TensorSpecs } from './tensor-specs.ts'
