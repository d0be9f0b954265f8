import { Buffer, fromValues, type HostArray, Parameter, sizeOf } from 'lowbit'

/** A parameter of zeros, for a model whose weights are loaded. */
export function parameterOf(shape: readonly number[]): Parameter {
  return new Parameter(zerosOf(shape))
}

/** A buffer of zeros, for a model whose weights are loaded. */
export function bufferOf(shape: readonly number[]): Buffer {
  return new Buffer(zerosOf(shape))
}

function zerosOf(shape: readonly number[]): HostArray {
  return fromValues('float32', shape, new Float32Array(sizeOf(shape)))
}
