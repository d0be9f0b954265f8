import { decodeFloats, type FloatCodes, isCodedFloat } from './float-codes.ts'
import type { HostArray } from './host-array.ts'
import { toTypedArray } from './to-typed-array.ts'
import type { TypedArray } from './typed-array.ts'

/**
 * Values of an array of any dtype as float32: a view of its memory when it is float32 already (and aligned), else a copy. Exact but
 * for integers beyond 2^24, which are rounded to the nearest float32, ties to even; bool gives 0 and 1.
 */
export function toFloat32(array: HostArray): Float32Array {
  const elements = toTypedArray(array)
  if (elements instanceof Float32Array) return elements
  if (isCodedFloat(array.dtype) && isCodes(elements)) return decodeFloats(elements, array.dtype)
  if (elements instanceof BigInt64Array) return Float32Array.from(Array.from(elements, nearestFloat32))
  return new Float32Array(elements)
}

function isCodes(elements: TypedArray): elements is FloatCodes {
  return elements instanceof Uint8Array || elements instanceof Uint16Array
}

/** Rounds once: a bigint beyond 2^53 would otherwise be rounded to a double first. */
function nearestFloat32(value: bigint): number {
  const number = Number(value)
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number
  const droppedBits = value & 0x7ffn
  return Number((value >> 11n) | (droppedBits === 0n ? 0n : 1n)) * 2 ** 11
}
