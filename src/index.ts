// lowbit: quantize neural networks in TypeScript. This file is the table of contents; see ARCHITECTURE.md for the layers behind it.

// Files of tensors, and what goes wrong with them
export {
  FileError,
  FormatError,
  type FormatProblem,
  readSafetensors,
  readSafetensorsMetadata,
  type WriteOptions,
  writeSafetensors,
} from './codec/index.ts'
// The engine: lazy tensors and the thread that runs them
export * from './engine/combine-tensors.ts'
export * from './engine/create-tensors.ts'
export type { DeviceOptions } from './engine/device.ts'
export { closeEngine, configureEngine, type EngineStats, engineStats, settled } from './engine/engine.ts'
export { manualSeed } from './engine/generator.ts'
export { noGrad } from './engine/recorder.ts'
export { StateError } from './engine/state-error.ts'
export { fromHost, Tensor } from './engine/tensor.ts'
export type { AlphaOptions, Operand } from './engine/tensor-arithmetic.ts'
export type { TensorData } from './engine/tensor-data.ts'
export type { Dimensions, KeepDimOptions } from './engine/tensor-operations.ts'
// Programs in files
export * from './formats/index.ts'
// Graphs, as captured models hold them
export * from './ir/index.ts'
// Modules, layers, losses, optimizers, data, state, capture
export * from './nn/index.ts'
// Quantization
export * from './quantization/index.ts'
// Tensors on the host: dtypes, arrays, conversions, seeded random numbers
export * from './tensor/index.ts'
