import { type Dims, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { inputAt } from '../inference.ts'

/** ONNX's number for uint32, which is no dtype of tensors here: its arithmetic wraps around, and its shifts bring in zeros. */
const UINT32 = 12

/** 2^64 over the golden ratio: sends seeds that follow each other far apart. */
const SPREAD = BigInt.asIntN(64, 0x9e3779b97f4a7c15n)

/** Two odd multipliers that mix 32 bits well (Chris Wellons, hash-prospector: lowbias32). */
const MIX = [0x7feb352d, 0x846ca68b] as const

/**
 * The input that seeds random numbers: an int64 scalar.
 * @throws TypeError when it is absent or another type
 */
export function seedAt(op: string, inputs: readonly (TensorType | null)[], index: number): TensorType {
  const seed = inputAt(op, inputs, index)
  if (seed.dtype === 'int64' && seed.shape.length === 0) return seed
  throw new TypeError(`Cannot record "${op}": expected an int64 scalar as seed, got ${formatType(seed)}`)
}

/**
 * 24 random bits for each element of a shape, as uint32 from 0 to 2^24 - 1: a hash of the element's place and the seed. Integers only, so that every
 * engine gives the same ones. The seed spreads to 60 bits, which give the start of the count and the first multiplier.
 */
export function counterBits(e: Emitter, shape: Dims, seed: string): string {
  const one = e.scalar(1, 'int64')
  const spread = e.op('Mul', [e.op('Add', [seed, one]), e.constant(fromValues('int64', [], [SPREAD]))])
  const key = e.op('Mul', [spread, e.op('BitwiseOr', [spread, one])])
  const start = e.cast(e.op('Div', [key, e.scalar(2 ** 34, 'int64')]), 'int32')
  const multiplier = e.op('Cast', [e.op('BitwiseOr', [key, one])], { to: UINT32 })
  const end = e.op('Add', [start, countOf(e, shape)])
  const places = e.op('Cast', [e.op('Range', [start, end, e.scalar(1, 'int32')])], { to: UINT32 })
  let bits = e.op('Mul', [places, multiplier])
  bits = e.op('Mul', [folded(e, bits, 16), unsigned(e, MIX[0])])
  bits = e.op('Mul', [folded(e, bits, 15), unsigned(e, MIX[1])])
  return e.op('Reshape', [shifted(e, bits, 8), e.shape(shape)])
}

/** A uint32 scalar. */
export function unsigned(e: Emitter, value: number): string {
  return e.op('Cast', [e.scalar(value, 'int64')], { to: UINT32 })
}

function countOf(e: Emitter, shape: Dims): string {
  const count = sizeOfDims(shape)
  if (typeof count === 'number') return e.scalar(count, 'int32')
  return e.cast(e.op('Squeeze', [e.shape([count])]), 'int32')
}

function folded(e: Emitter, bits: string, distance: number): string {
  return e.op('BitwiseXor', [bits, shifted(e, bits, distance)])
}

function shifted(e: Emitter, bits: string, distance: number): string {
  return e.op('BitShift', [bits, unsigned(e, distance)], { direction: 'RIGHT' })
}
