import { type Dims, isConcrete } from '../../ir/dim.ts'
import { type Blocks, normalizeBlocks } from '../../ops/quantization/blocks.ts'
import { blockShape } from '../spec/block-shape.ts'
import type { Granularity } from '../spec/granularity.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'

/**
 * How a tensor divides into blocks that share a scale: sizes along each dimension, -1 for whole dimensions.
 * @throws RangeError or ShapeError as `blockShape` does
 */
export function blocksOf(shape: Dims, granularity: Granularity, target: QuantizationTarget): Blocks {
  if (granularity.type === 'per_tensor') return shape.map(() => -1)
  if (isConcrete(shape)) return normalizeBlocks(shape, blockShape(shape, granularity, target))
  // Symbolic sizes are never divided: any number stands for them, and what is not a whole dimension is the same for all of them.
  const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : 0))
  const blocks = blockShape(sizes, granularity, target)
  return blocks.map((block, i) => (block === sizes[i] ? -1 : block))
}
