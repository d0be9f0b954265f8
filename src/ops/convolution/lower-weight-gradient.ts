import { formatDims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { productNode } from '../matrix/product.ts'
import { blockedDenseGradient, blockedDepthwiseGradient } from './blocked-weight-gradient.ts'
import { columnCount, foldBatch, foldedColumns, foldingPays, tapViews } from './columns.ts'
import {
  type ConvDims,
  type ConvStrategy,
  inputSize,
  isPointwise,
  knownShape,
  lowerByStrategy,
  outputSize,
  weightSize,
} from './conv-shape.ts'
import type { Sliding } from './geometry.ts'
import { matrixProduct, reshape, swapFirstTwo, transpose } from './onnx-layout.ts'

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
    const { batch, filters } = shape
    const gradients = foldBatch(e, grad, batch, filters)
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

/** The ways to lower the gradient of a convolution's weight, the first that pays being taken. */
export const weightGradientStrategies: readonly ConvStrategy[] = [
  folded,
  pointwise,
  blockedDepthwiseGradient,
  blockedDenseGradient,
]

/** Writes the products of matrices [batch, rows, inner] with transposed ones. */
function batchProduct(e: Emitter, a: string, b: string): string {
  const shape = [1, 1, 1]
  return productNode(e, { name: a, shape }, { name: b, shape }, { transposeA: false, transposeB: true })
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
