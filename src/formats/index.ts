// Formats: whole programs in files. This layer must not know the command line.

export { type Agreement, compareExport, compareLayers, type ExportRunner } from './agreement.ts'
export type { CoreMLOptions } from './coreml/coreml-model.ts'
export type { ComputePrecision } from './coreml/mil-dtype.ts'
export type { OnnxNames, OnnxOptions } from './onnx/onnx-model.ts'
export { type OnnxRunnerOptions, onnxRunner } from './onnx/onnx-runner.ts'
export { type LoadOnnxOptions, loadOnnxModel } from './onnx-reader/load-onnx-model.ts'
export { loadExportedProgram } from './pt2/load-exported-program.ts'
export { loadStateDictFile, readStateDict, type StateDictOptions } from './read-state-dict.ts'
export { type SaveOptions, save } from './save.ts'
export { UnsupportedOpError } from './unsupported-op-error.ts'
export { type QuantizeWeightsOptions, quantizeWeights } from './weights/quantize-weights.ts'
export type { WeightLayout } from './weights/weight-plan.ts'
