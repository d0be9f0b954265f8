// Weights as quantized data: on the host, without a run.
export { type ArrayQParams, dequantizeArray, type QuantizedLayout, quantizeArray } from './quantize-array.ts'
