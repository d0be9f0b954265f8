import { unexpected } from '../config-error.ts'
import { integer, nullable } from '../schema/scalars.ts'
import { entryPath, type Schema } from '../schema/schema.ts'

/**
 * One scale for the whole tensor: the scale has the tensor's rank and one element.
 *
 * Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, section 2.1.
 */
export class PerTensor {
  readonly type = 'per_tensor' as const

  /** The granularity as a config file has it. */
  toDict(): Record<string, unknown> {
    return { axis: null, type: this.type }
  }
}

/**
 * One scale for each index along an axis: the scale has as many elements as the tensor along it, and 1 in every other dimension.
 *
 * Source: Krishnamoorthi, Quantizing Deep Convolutional Networks for Efficient Inference, 2018, section 3.1.
 */
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

/**
 * One scale for each block of elements: the scale's size along each dimension is the tensor's, divided by the block's. With one size, blocks lie along one axis; they
 * cover one index of every other dimension of an activation, and of the first two of a weight, whose later ones they cover whole.
 *
 * Source of blocks with scales that are powers of two: OCP Microscaling Formats (MX) Specification 1.0, 2023.
 */
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
