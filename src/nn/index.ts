// Modules and what learns them: layers, losses and the other functions `F`, optimizers, state dicts, loading of data, and capture as a
// graph. Names, defaults and state names are PyTorch's. This layer must not know quantization.
export { type ArrayColumn, ArrayDataset } from './array-dataset.ts'
export {
  type Batch,
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  type SampleParts,
  type SampleSource,
} from './data-loader.ts'
export { type DynamicShapes, type ExportOptions, exportModule } from './export-module.ts'
export * as F from './functional/index.ts'
export { GraphModule, type GraphModuleOptions } from './graph-module.ts'
export type { SizeRange, SizeRanges } from './graph-sizes.ts'
export * from './layers/index.ts'
export type { LayoutModule, LayoutState, ModelLayout } from './model-layout.ts'
export { type AnyModule, type ForwardHook, type ForwardPreHook, Module, type ModuleClass } from './module.ts'
export * from './optimizers/index.ts'
export type { OutputTree } from './output-tree.ts'
export { Buffer, Parameter } from './parameter.ts'
export { type ProgressOptions, progress } from './progress.ts'
export type { SamplePart } from './stack-samples.ts'
export { type LoadOptions, type LoadResult, loadStateDict, stateDict } from './state-dict.ts'
export { loadSafetensors, saveStateDict } from './state-file.ts'
