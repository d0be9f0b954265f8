import { ShapeError } from '../../tensor/shape-error.ts'
import { unexpected } from '../config-error.ts'
import type { Granularity } from './granularity.ts'
import type { QuantizationTarget } from './scheme.ts'

/**
 * Size along each dimension of the blocks that share a scale. A block along one axis covers one index of the other dimensions,
 * except for weights, where that holds for the first two and later ones are covered whole.
 *
 * @throws RangeError for an axis that is missing or outside the shape, or a list of sizes of another length
 * @throws ShapeError when a block does not divide its dimension
 * @example
 * blockShape([8, 64, 3, 3], new PerBlock(32, 1), 'weight') // => [1, 32, 3, 3]
 */
export function blockShape(
  shape: readonly number[],
  granularity: Granularity,
  target: QuantizationTarget,
): readonly number[] {
  if (granularity.type === 'per_tensor') return shape
  if (granularity.type === 'per_channel') {
    const axis = axisIn(shape, granularity.axis, granularity.type)
    return shape.map((size, i) => (i === axis ? 1 : size))
  }
  const { blockSize } = granularity
  const blocks =
    typeof blockSize === 'number'
      ? alongAxis(shape, blockSize, granularity.axis, target)
      : ofList(shape, blockSize, granularity.axis)
  shape.forEach((size, i) => {
    const block = blocks[i] ?? size
    if (block > 0 && size % block === 0) return
    if (size === 0 && block === 0) return
    throw new ShapeError(
      `Cannot divide [${shape.join(', ')}] into blocks: expected a size that divides ${size}, got ${block} (dimension ${i})`,
    )
  })
  return blocks
}

/** Number of blocks along each dimension: the shape of scales. */
export function qparamShape(shape: readonly number[], blocks: readonly number[]): readonly number[] {
  return shape.map((size, i) => {
    const block = blocks[i] ?? size
    return block === 0 ? 1 : size / block
  })
}

function alongAxis(
  shape: readonly number[],
  blockSize: number,
  axis: number | null,
  target: QuantizationTarget,
): readonly number[] {
  const at = axisIn(shape, axis, 'per_block')
  return shape.map((size, i) => {
    if (i === at) return blockSize
    return target === 'weight' && i >= 2 ? size : 1
  })
}

function ofList(shape: readonly number[], sizes: readonly number[], axis: number | null): readonly number[] {
  if (axis !== null) throw unexpected('granularity.axis', 'null beside a list of block sizes', axis)
  if (sizes.length !== shape.length) {
    throw unexpected('granularity.block_size', `a size for each dimension of [${shape.join(', ')}]`, [
      ...sizes,
    ])
  }
  return shape.map((size, i) => (sizes[i] === -1 ? size : (sizes[i] ?? size)))
}

function axisIn(shape: readonly number[], axis: number | null, type: string): number {
  const at = axis !== null && axis < 0 ? axis + shape.length : axis
  if (at !== null && at >= 0 && at < shape.length) return at
  const hint =
    axis === null ? 'weights of known operations have a default axis; activations need one' : undefined
  throw unexpected('granularity.axis', `an axis of [${shape.join(', ')}] for ${type}`, axis, hint)
}
