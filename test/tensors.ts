import { fromHost, type Tensor } from '../src/engine/tensor.ts'
import { Buffer, Parameter } from '../src/nn/parameter.ts'
import { fromValues } from '../src/tensor/from-values.ts'

/** A rank-1 float32 tensor. */
export function vector(...values: number[]): Tensor {
  return fromHost(fromValues('float32', [values.length], values))
}

/** A rank-1 float32 parameter. */
export function parameter(...values: number[]): Parameter {
  return new Parameter(fromValues('float32', [values.length], values))
}

/** A rank-1 float32 buffer. */
export function buffer(...values: number[]): Buffer {
  return new Buffer(fromValues('float32', [values.length], values))
}

/** The elements of a tensor, once they are there. */
export async function valuesOf(tensor: Tensor): Promise<number[]> {
  return Array.from(await tensor.data(), Number)
}

/** The message that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new TypeError('expected a rejection')
}
