import { type Dim, type Dims, dimsEqual, divideExactly, formatDims } from '../../ir/dim.ts'
import { ShapeError } from '../../tensor/shape-error.ts'

/**
 * Which elements share a scale: for each dimension the size of a block along it, -1 for the whole dimension. All -1 is one scale for the
 * tensor; a single 1 is one for each index along that axis.
 */
export type Blocks = readonly number[]

/** A tensor's shape with every dimension of several blocks split in two: blocks, and elements of a block. */
export interface BlockView {
  /** Shape that exposes the blocks. */
  readonly view: Dims
  /** Dimensions of the view that lie inside a block. */
  readonly inner: readonly number[]
  /** The view with extent 1 inside blocks: the shape in which scales broadcast. */
  readonly scaleView: Dims
  /** Number of blocks along each dimension of the tensor: the shape of scales. */
  readonly scaleShape: Dims
}

/**
 * How a tensor divides into blocks.
 * @throws ShapeError when the blocks do not divide the shape
 */
export function blockView(op: string, shape: Dims, blocks: Blocks): BlockView {
  if (blocks.length !== shape.length) {
    throw new ShapeError(
      `Cannot record "${op}": expected blocks for each dimension of ${formatDims(shape)}, got [${blocks.join(', ')}]`,
    )
  }
  const view: Dim[] = []
  const scaleView: Dim[] = []
  const inner: number[] = []
  const scaleShape = shape.map((size, i) => {
    const block = blocks[i] ?? -1
    const count = block === -1 ? 1 : divideExactly(size, block)
    if (count === undefined || (typeof count === 'number' && !Number.isInteger(count))) {
      throw new ShapeError(
        `Cannot record "${op}": expected blocks that divide ${formatDims(shape)}, got [${blocks.join(', ')}] (dimension ${i})`,
      )
    }
    if (block === -1) inner.push(view.length)
    if (block > 1) inner.push(view.length + 1)
    view.push(...(block > 1 ? [count, block] : [size]))
    scaleView.push(...(block > 1 ? [count, 1] : [count]))
    return count
  })
  return { view, inner, scaleView, scaleShape }
}

/** Blocks with whole dimensions written as -1, so that equal divisions are equal. */
export function normalizeBlocks(shape: Dims, sizes: Dims): Blocks {
  return sizes.map((size, i) => (typeof size !== 'number' || dimsEqual(size, shape[i] ?? 0) ? -1 : size))
}

/** The one axis along which every index has a scale of its own, where the blocks are of that kind; -1 for one scale; else undefined. */
export function axisOf(blocks: Blocks): number | undefined {
  const divided = blocks.flatMap((block, i) => (block === -1 ? [] : [i]))
  const [axis] = divided
  if (axis === undefined) return -1
  return divided.length === 1 && blocks[axis] === 1 ? axis : undefined
}
