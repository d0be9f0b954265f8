import { unexpected } from '../config-error.ts'
import { integer, nullable } from '../schema/scalars.ts'
import { entryPath, type Schema } from '../schema/schema.ts'

/** One scale for the whole tensor. */
export class PerTensor {
  readonly type = 'per_tensor' as const

  /** The granularity as a config file has it. */
  toDict(): Record<string, unknown> {
    return { axis: null, type: this.type }
  }
}

/** One scale for each index along an axis. */
export class PerChannel {
  readonly type = 'per_channel' as const
  /** May be negative; null is the weight's channel axis, which the operation knows. */
  readonly axis: number | null

  /** @throws ConfigError for an axis that is no whole number */
  constructor(axis: number | null = null, path = 'granularity') {
    this.axis = axisSchema.read(axis, entryPath(path, 'axis'))
  }

  /** The granularity as a config file has it. */
  toDict(): Record<string, unknown> {
    return { axis: this.axis, type: this.type }
  }
}

/** One scale for each block of elements. */
export class PerBlock {
  readonly type = 'per_block' as const
  /** Elements along `axis`; or a size for every dimension, -1 for the whole of it. */
  readonly blockSize: number | readonly number[]
  /** May be negative; null with a list of sizes, or for the weight's block axis, which the operation knows. */
  readonly axis: number | null

  /** @throws ConfigError for a size that is neither positive nor, in a list, -1 */
  constructor(blockSize: number | readonly number[], axis: number | null = null, path = 'granularity') {
    this.axis = axisSchema.read(axis, entryPath(path, 'axis'))
    this.blockSize = readBlockSize(blockSize, entryPath(path, 'block_size'))
  }

  /** The granularity as a config file has it. */
  toDict(): Record<string, unknown> {
    return { axis: this.axis, type: this.type, block_size: this.blockSize }
  }
}

/** Which elements of a tensor share a scale. */
export type Granularity = PerTensor | PerChannel | PerBlock

/** An axis, or null for the default one. */
export const axisSchema: Schema<number | null> = nullable(integer())
const SIZE = integer(1)

/** A block size, or one for each dimension. */
export function readBlockSize(value: unknown, path: string): number | readonly number[] {
  if (!Array.isArray(value)) return SIZE.read(value, path)
  return Object.freeze(
    value.map((size: unknown, i) => {
      if (size === -1) return -1
      if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size
      throw unexpected(
        entryPath(path, String(i)),
        'a positive whole number, or -1 for the whole dimension',
        size,
      )
    }),
  )
}
