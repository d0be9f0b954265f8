// Weights as quantized data: on the host, without a run.
export { type ArrayQParams, dequantizeArray, quantizeArray, type QuantizedLayout } from './quantize-array.ts'
