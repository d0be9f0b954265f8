import { type Dim, type Dims, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { fromValues } from '../../tensor/from-values.ts'

/** How many values of [N, C, ...] each channel has. */
export function countOf(shape: Dims): Dim {
  return sizeOfDims([...shape.slice(0, 1), ...shape.slice(2)])
}

/** All dimensions of [N, C, ...] but C. */
export function axesBesidesChannels(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1)
}

/** Writes a float32 number for each of `count` channels. */
export function channelVector(e: Emitter, count: Dim, value: number): string {
  if (typeof count !== 'number') return e.op('Expand', [e.scalar(value), e.shape([count])])
  return e.constant(fromValues('float32', [count], new Float32Array(count).fill(value)))
}
