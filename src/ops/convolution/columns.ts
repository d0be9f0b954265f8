import { addDims, isConcrete, mulDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { type ConvDims, type ConvEngine, type ConvShape, isPointwise, tapsOf } from './conv-shape.ts'
import type { Sliding } from './geometry.ts'
import { oncePerGraph } from './once-per-graph.ts'
import { matrixProduct, padSpatial, reshape, swapFirstTwo, transpose } from './onnx-layout.ts'

// Columns have the images of the batch side by side for each position: so they are the transpose of a matrix, which is ten times as fast as
// any other permutation.

/**
 * Writes the columns [C * taps, positions * N] that turn a convolution into one product. For small maps the positions that each tap sees
 * are picked by a product with a constant matrix of zeros and ones, which is faster than slices of short rows.
 */
export function foldedColumns(e: Emitter, shape: ConvShape, x: string): string {
  const { batch, channels, input } = shape
  if (isPointwise(shape)) return foldBatch(e, x, batch, channels)
  return oncePerGraph(e, `columns of ${x} ${geometryKey(shape)}`, () => {
    const rows = reshape(e, x, [batch * channels, sizeOf(input)])
    return foldBatch(e, e.op('MatMul', [rows, selectionNode(e, shape)]), batch, channels * tapsOf(shape))
  })
}

/** Writes the sum of columns [C * taps, positions * N] where they came from, [N, C, ...input]: the adjoint of `foldedColumns`. */
export function unfoldColumns(e: Emitter, shape: ConvShape, columns: string): string {
  const { batch, channels, input, output } = shape
  if (isPointwise(shape)) return unfoldBatch(e, columns, [batch, channels, ...input])
  const rows = unfoldBatch(e, columns, [batch, channels * tapsOf(shape) * sizeOf(output)])
  const apart = reshape(e, rows, [batch * channels, -1])
  return reshape(e, matrixProduct(e, apart, selectionNode(e, shape), 0, 1), [batch, channels, ...input])
}

/** Writes [N, C, ...] as the matrix [C, positions * N]. */
export function foldBatch(e: Emitter, value: string, batch: number, channels: number): string {
  return reshape(e, transpose(e, reshape(e, value, [batch, -1]), [1, 0]), [channels, -1])
}

/** Writes a matrix [C, positions * N] as [N, C, ...], which is `size`. */
export function unfoldBatch(e: Emitter, matrix: string, size: readonly number[]): string {
  return reshape(e, transpose(e, reshape(e, matrix, [-1, size[0] ?? 1]), [1, 0]), size)
}

function selectionNode(e: Emitter, shape: ConvShape): string {
  return oncePerGraph(e, `selection ${geometryKey(shape)}`, () => e.constant(selection(shape)))
}

function geometryKey({ input, kernel, output, stride, dilation, padding }: ConvShape): string {
  return [input, kernel, output, stride, dilation, padding].join(' ')
}

/** The matrix [input positions, taps * output positions] with a 1 where a tap sees an input position from an output position. */
function selection(shape: ConvShape): HostArray {
  const from = sizeOf(shape.input)
  const to = sizeOf(shape.output)
  const taps = tapsOf(shape)
  const values = new Float32Array(from * taps * to)
  for (let tap = 0; tap < taps; tap++) {
    for (let position = 0; position < to; position++) {
      const source = sourceOf(shape, tap, position)
      if (source !== undefined) values[source * taps * to + tap * to + position] = 1
    }
  }
  return fromValues('float32', [from, taps * to], values)
}

/** The input position that a tap sees from an output position; undefined in the padding. */
function sourceOf(
  { input, kernel, output, stride, dilation, padding }: ConvShape,
  tap: number,
  position: number,
): number | undefined {
  let source = 0
  let unit = 1
  for (let i = input.length - 1; i >= 0; i--) {
    const size = input[i] ?? 1
    const steps = output[i] ?? 1
    const width = kernel[i] ?? 1
    const at =
      (position % steps) * (stride[i] ?? 1) + (tap % width) * (dilation[i] ?? 1) - (padding[i]?.[0] ?? 0)
    if (at < 0 || at >= size) return undefined
    source += at * unit
    unit *= size
    position = Math.floor(position / steps)
    tap = Math.floor(tap / width)
  }
  return source
}

/** Writes, for each tap in row-major order, what it sees: [groups, C / groups, N * positions]. Sizes of the data may be symbolic. */
export function tapViews(
  e: Emitter,
  x: string,
  { x: data, weight, y }: ConvDims,
  kernel: readonly number[],
  sliding: Sliding,
): string[] {
  const { stride, dilation, padding, groups } = sliding
  const channelsFirst = swapFirstTwo(e, padSpatial(e, x, padding), data.length)
  const spans = y.slice(2).map((size, i) => addDims(mulDims(addDims(size, -1), stride[i] ?? 1), 1))
  const axes = e.ints(kernel.map((_, i) => i + 2))
  return offsetsOf(kernel, dilation).map((offsets) => {
    const ends = e.shape(spans.map((span, i) => addDims(span, offsets[i] ?? 0)))
    const view = e.op('Slice', [channelsFirst, e.ints(offsets), ends, axes, e.ints(stride)])
    return reshape(e, view, [groups, Number(weight[1]), -1])
  })
}

/** Where each tap of a kernel lies in the padded input, in row-major order. */
function offsetsOf(kernel: readonly number[], dilation: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (offsets, size, axis) =>
      offsets.flatMap((offset) =>
        Array.from({ length: size }, (_, i) => [...offset, i * (dilation[axis] ?? 1)]),
      ),
    [[]],
  )
}

/** Elements of all columns of a convolution; undefined when the data's sizes are not known. */
export function columnCount({ x, y }: ConvDims, kernel: readonly number[]): number | undefined {
  const sizes = [y[0] ?? 1, x[1] ?? 1, ...kernel, ...y.slice(2)]
  return isConcrete(sizes) ? sizeOf(sizes) : undefined
}

/** Columns of a product up to which a folded convolution is faster than a blocked one, whose filter has to be reordered. */
const NARROW_PRODUCT = 256

/**
 * Whether one product over the whole batch is the fastest form. Picking positions costs a product as well, of `input / filters` of the
 * main one's size, which may be up to 1 / `share`. Pointwise, a product for each image is no worse once an image fills the vectors.
 */
export function foldingPays(shape: ConvShape, { block }: ConvEngine, share = 8): boolean {
  const { batch, filters, input, output } = shape
  const positions = sizeOf(output)
  if (isPointwise(shape)) return positions < 16
  return sizeOf(input) * share <= filters && (block === 0 || batch * positions <= NARROW_PRODUCT)
}
