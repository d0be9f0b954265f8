import { formatDims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { productNode } from '../matrix/product.ts'
import { columnCount, foldBatch, foldedColumns, foldingPays, tapViews } from './columns.ts'
import {
  type ConvDims,
  type ConvShape,
  type ConvStrategy,
  inputSize,
  isDepthwise,
  isPointwise,
  knownShape,
  lowerByStrategy,
  outputSize,
  tapsOf,
  weightSize,
} from './conv-shape.ts'
import { extent, type Padding, type Sliding } from './geometry.ts'
import {
  blockedConv,
  canReorder,
  denseFilter,
  depthwiseFilter,
  fewChannelsFilter,
  fromBlocks,
  paddedChannels,
  toBlocks,
} from './nchwc.ts'
import { matrixProduct, padSpatial, reshape, swapFirstTwo, transpose } from './onnx-layout.ts'

/** Lowers a convolution's adjoint in its weight. `dims` are those of the convolution. Operands: data, gradient of the result. */
export function lowerWeightGradient(
  e: Emitter,
  dims: ConvDims,
  sliding: Sliding,
  operands: readonly string[],
): string {
  const shape = knownShape(dims, sliding)
  return (
    lowerByStrategy(e, weightGradientStrategies, shape, operands, [inputSize, outputSize, weightSize]) ??
    plainWeightGradient(e, dims, sliding, operands)
  )
}

/** One product over the whole batch, with the columns that the convolution itself was made of. */
const folded: ConvStrategy = {
  name: 'folded',
  applies: ({ groups }, { local }) => local && groups === 1,
  pays(shape, engine) {
    if (!isPointwise(shape)) return foldingPays(shape, engine)
    // Transposing both operands against adding up a weight for each image.
    return shape.channels * shape.filters > (shape.channels + shape.filters) * sizeOf(shape.output)
  },
  lower(e, shape, [x = '', grad = '']) {
    const { filters, output } = shape
    const gradients = foldBatch(e, grad, output.length + 2, filters)
    return reshape(e, matrixProduct(e, gradients, foldedColumns(e, shape, x), 0, 1), weightSize(shape))
  },
}

/** A product for each image, summed up. */
const pointwise: ConvStrategy = {
  name: 'pointwise',
  applies: (shape, { local }) => local && shape.groups === 1 && isPointwise(shape),
  pays: () => true,
  lower(e, shape, [x = '', grad = '']) {
    const { batch, channels, filters } = shape
    const each = batchProduct(e, reshape(e, grad, [batch, filters, -1]), reshape(e, x, [batch, channels, -1]))
    return reshape(e, e.op('ReduceSum', [each, e.ints([0])], { keepdims: 0 }), weightSize(shape))
  },
}

/** Each plane is convolved with its gradient as the filter, all images and channels beside each other, and the images summed up. */
const blockedDepthwise: ConvStrategy = {
  name: 'blockedDepthwise',
  applies: (shape, { block }) =>
    block > 0 && shape.kernel.length === 2 && isDepthwise(shape) && canReorder(shape.batch * shape.channels),
  pays: () => true,
  lower(e, shape, [x = '', grad = ''], { block }) {
    const { batch, channels, output } = shape
    const planes = batch * channels
    const lanes = paddedChannels(planes, block)
    const [data, padding] = croppedPlanes(e, shape, x, block)
    const filter = reshape(e, planesToBlocks(e, grad, outputSize(shape), block), [lanes, 1, ...output])
    const each = blockedConv(e, [data, filter], { ...swappedSliding(shape), padding, groups: lanes })
    const images = reshape(e, fromBlocks(e, each, planes), [batch, channels * tapsOf(shape)])
    return reshape(e, e.op('ReduceSum', [images, e.ints([0])], { keepdims: 0 }), weightSize(shape))
  },
}

/** Data as blocked planes, without what no tap sees, and the padding that is left to the convolution. */
function croppedPlanes(e: Emitter, shape: ConvShape, x: string, block: number): [string, Padding[]] {
  const ends = swappedPadding(shape)
  const isWhole = ends.every(([, after]) => after >= 0)
  if (isWhole) return [planesToBlocks(e, x, inputSize(shape), block), ends]
  const crop = ends.map(([, after]): Padding => [0, Math.min(after, 0)])
  const input = shape.input.map((size, i) => size + (crop[i]?.[1] ?? 0))
  const data = planesToBlocks(e, padSpatial(e, x, crop), inputSize({ ...shape, input }), block)
  return [data, ends.map(([before, after]): Padding => [before, Math.max(after, 0)])]
}

/**
 * A convolution with batch and channels swapped: the images are the channels, the gradient is the filter, and a weight's taps are the
 * positions. Whole blocks of images and the rest go separate ways.
 */
const blockedDense: ConvStrategy = {
  name: 'blockedDense',
  applies: ({ filters, groups, kernel }, { block }) =>
    block > 0 && kernel.length === 2 && groups === 1 && canReorder(filters),
  pays: (shape) => tapsOf(shape) > 1,
  lower(e, shape, [x = '', grad = ''], { block }) {
    const { batch, channels, filters } = shape
    const rest = batch % block
    const whole = batch - rest
    const part = (value: string, start: number, end: number) =>
      whole > 0 && rest > 0 ? e.op('Slice', [value, e.ints([start]), e.ints([end]), e.ints([0])]) : value
    const parts: string[] = []
    if (whole > 0) {
      parts.push(wholeBlocks(e, { ...shape, batch: whole }, part(x, 0, whole), part(grad, 0, whole), block))
    }
    if (rest > 0) {
      parts.push(fewImages(e, { ...shape, batch: rest }, part(x, whole, batch), part(grad, whole, batch), block))
    }
    const blocks = parts.reduce((a, b) => e.op('Add', [a, b]))
    const taps = tapsOf(shape)
    const lanes = paddedChannels(filters, block)
    const turned = swapBlocks(e, blocks, [channels, lanes / block, taps * block], [1, lanes, channels * taps, 1])
    return reshape(e, fromBlocks(e, turned, filters), weightSize(shape))
  },
}

/** Writes [C, O, taps], blocked, of fewer images than a block. */
function fewImages(e: Emitter, shape: ConvShape, x: string, grad: string, block: number): string {
  const { batch, filters, output } = shape
  const lanes = paddedChannels(filters, block)
  const positions = sizeOf(output)
  const filter = swapBlocks(e, toBlocks(e, grad), [batch, lanes / block, positions * block], [lanes, batch, ...output])
  const ends = swappedPadding(shape)
  const written = writtenPadding(ends)
  const data = padSpatial(e, swapFirstTwo(e, x, 4), written)
  return blockedConv(e, [data, filter], { ...swappedSliding(shape), padding: leftPadding(ends, written), groups: 1 })
}

/** Writes [C, O, taps], blocked, of images in whole blocks. */
function wholeBlocks(e: Emitter, shape: ConvShape, x: string, grad: string, block: number): string {
  const { batch, channels, filters, input, output } = shape
  const groups = batch / block
  const lanes = paddedChannels(filters, block)
  const [height = 1, width = 1] = input
  const images = toBlocks(e, reshape(e, x, [groups, block, channels * height, width]))
  const data = swapBlocks(e, images, [groups, channels, height * width * block], [channels * groups, height, width, block])
  const ends = swappedPadding(shape)
  const written = writtenPadding(ends)
  const padded = padBlocks(e, data, written)
  const sized = reshape(e, padded, [channels, batch, ...input.map((size, i) => size + (written[i]?.[0] ?? 0) + (written[i]?.[1] ?? 0))])
  const filter = gradientFilter(e, shape, grad, block)
  return blockedConv(e, [sized, filter], { ...swappedSliding(shape), padding: leftPadding(ends, written), groups: 1 })
}
/** The ways to lower the gradient of a convolution's weight, the first that pays being taken. */
export const weightGradientStrategies: readonly ConvStrategy[] = [
  folded,
  pointwise,
  blockedDepthwise,
  blockedDense,
]

/** Writes the products of matrices [batch, rows, inner] with transposed ones. */
function batchProduct(e: Emitter, a: string, b: string): string {
  const shape = [1, 1, 1]
  return productNode(e, { name: a, shape }, { name: b, shape }, { transposeA: false, transposeB: true })
}

/** How the gradient slides over the data: its entries are a stride apart, and the taps that it gives a dilation. */
function swappedSliding({ output, stride, dilation }: ConvShape) {
  return { kernel: output, stride: dilation, dilation: stride }
}

/** Padding of the data that leaves room for exactly the weight's taps; negative at the end for what no tap sees. */
function swappedPadding({ input, output, kernel, stride, dilation, padding }: ConvShape): Padding[] {
  return input.map((size, i) => {
    const before = padding[i]?.[0] ?? 0
    const needed = extent(kernel[i] ?? 1, dilation[i] ?? 1) + extent(output[i] ?? 1, stride[i] ?? 1) - 1
    return [before, needed - size - before]
  })
}

/** Data with as much of its padding written out as has to be, and what is left to the convolution. */
function paddedData(e: Emitter, x: string, ends: readonly Padding[], all = false): [string, Padding[]] {
  const written = ends.map(
    ([before, after]): Padding => (all ? [before, after] : [Math.min(before, 0), Math.min(after, 0)]),
  )
  const left = ends.map(
    ([before, after], i): Padding => [before - (written[i]?.[0] ?? 0), after - (written[i]?.[1] ?? 0)],
  )
  return [padSpatial(e, x, written), left]
}

/** Elements of columns up to which they are all written out at once. */
const MOST_COLUMNS = 2 ** 24

/** Products of the gradient with what the taps see, for every shape and every engine. */
export function plainWeightGradient(
  e: Emitter,
  dims: ConvDims,
  sliding: Sliding,
  [x = '', grad = '']: readonly string[],
): string {
  const { weight, y } = dims
  if (!isConcrete(weight)) {
    throw new RangeError(
      `Cannot lower a weight gradient: expected a known size, got ${formatDims(weight)} (a bug in lowbit)`,
    )
  }
  const [filters = 1, , ...kernel] = weight
  const { groups } = sliding
  const gradients = reshape(e, swapFirstTwo(e, grad, y.length), [groups, filters / groups, -1])
  const times = (view: string) => batchProduct(e, gradients, view)
  const views = tapViews(e, x, dims, kernel, sliding)
  const elements = columnCount(dims, kernel)
  const isLarge = elements !== undefined && elements > MOST_COLUMNS
  return isLarge ? tapByTap(e, weight, views, times) : atOnce(e, weight, views, times)
}

/** One product for each tap. */
function tapByTap(
  e: Emitter,
  weight: readonly number[],
  views: readonly string[],
  times: (view: string) => string,
): string {
  const rows = views.map((view) => reshape(e, times(view), [1, -1]))
  return reshape(e, transpose(e, e.op('Concat', rows, { axis: 0 }), [1, 0]), weight)
}

/** One product with all that the taps see. */
function atOnce(
  e: Emitter,
  weight: readonly number[],
  views: readonly string[],
  times: (view: string) => string,
): string {
  const [, channels = 1] = weight
  const apart = views.map((view) => e.op('Unsqueeze', [view, e.ints([2])]))
  const stacked = e.op('Concat', apart, { axis: 2 })
  return reshape(e, times(reshape(e, stacked, [0, channels * views.length, -1])), weight)
}
