// Bytes and their formats: ONNX messages, safetensors, strict JSON, files that are written whole or not at all. Readers take any
// bytes as hostile: bounded, every offset checked, failures as FormatError. Nothing here knows graphs or modules.
export { type WriteOptions, writeFileAtomic } from './atomic-file.ts'
export { FileError } from './file-error.ts'
export { FormatError, type FormatProblem } from './format-error.ts'
export { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.ts'
