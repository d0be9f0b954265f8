import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import {
  type ConvShape,
  type ConvStrategy,
  inputSize,
  isDepthwise,
  outputSize,
  tapsOf,
  weightSize,
} from './conv-shape.ts'
import { extent, type Padding } from './geometry.ts'
import {
  blockedConv,
  canReorder,
  denseFilter,
  fromBlocks,
  paddedChannels,
  planesToBlocks,
  toBlocks,
} from './nchwc.ts'
import { padFrom, padSpatial, reshape, swapFirstTwo, transpose } from './onnx-layout.ts'

// A weight's gradient is a convolution of the data with the gradient of the result as its filter: its kernel is as large as the result, the
// filter's entries are a stride apart, and its result's positions are the weight's taps.

/** Each plane with its own gradient, all images and channels beside each other, and the images summed up. */
export const blockedDepthwiseGradient: ConvStrategy = {
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

/** Batch and channels swapped: images are summed over as channels are. Whole blocks of images and the rest go separate ways. */
export const blockedDenseGradient: ConvStrategy = {
  name: 'blockedDense',
  applies: ({ filters, groups, kernel }, { block }) =>
    block > 0 && kernel.length === 2 && groups === 1 && canReorder(filters),
  pays: (shape) => tapsOf(shape) > 1,
  lower(e, shape, [x = '', grad = ''], { block }) {
    const { batch, channels, filters } = shape
    const rest = batch % block
    const whole = batch - rest
    const cut = (value: string, start: number, end: number) =>
      end - start === batch ? value : e.op('Slice', [value, e.ints([start]), e.ints([end]), e.ints([0])])
    const parts: string[] = []
    if (whole > 0)
      parts.push(wholeBlocks(e, { ...shape, batch: whole }, cut(x, 0, whole), cut(grad, 0, whole), block))
    if (rest > 0)
      parts.push(
        fewImages(e, { ...shape, batch: rest }, cut(x, whole, batch), cut(grad, whole, batch), block),
      )
    const sum = parts.reduce((a, b) => e.op('Add', [a, b]))
    const taps = tapsOf(shape)
    const lanes = paddedChannels(filters, block)
    const turned = swapFirst(e, sum, [channels, lanes / block, taps * block], [1, lanes, channels * taps, 1])
    return reshape(e, fromBlocks(e, turned, filters), weightSize(shape))
  },
}

/** [C, O, ...taps], blocked, of fewer images than a block. */
function fewImages(e: Emitter, shape: ConvShape, x: string, grad: string, block: number): string {
  const { batch, filters, output } = shape
  const lanes = paddedChannels(filters, block)
  const from = [batch, lanes / block, sizeOf(output) * block] as const
  const filter = swapFirst(e, toBlocks(e, grad), from, [lanes, batch, ...output])
  const [written, padding] = dividedPadding(shape)
  const data = padSpatial(e, swapFirstTwo(e, x, 4), written)
  return blockedConv(e, [data, filter], { ...swappedSliding(shape), padding, groups: 1 })
}

/** [C, O, ...taps], blocked, of images in whole blocks. */
function wholeBlocks(e: Emitter, shape: ConvShape, x: string, grad: string, block: number): string {
  const { batch, channels, input } = shape
  const count = batch / block
  const [height = 1, width = 1] = input
  const images = toBlocks(e, reshape(e, x, [count, block, channels * height, width]))
  const rows = [channels * count, height, width, block]
  const data = swapFirst(e, images, [count, channels, height * width * block], rows)
  const [written, padding] = dividedPadding(shape)
  const padded = padFrom(e, data, 1, written, 1)
  const size = input.map((length, i) => length + (written[i]?.[0] ?? 0) + (written[i]?.[1] ?? 0))
  const filter = gradientFilter(e, shape, grad, block)
  const operands = [reshape(e, padded, [channels, batch, ...size]), filter]
  return blockedConv(e, operands, { ...swappedSliding(shape), padding, groups: 1 })
}

/** The filter of a blocked convolution, its channels the images, from a gradient [N, O, H, W] of images in whole blocks. */
function gradientFilter(
  e: Emitter,
  { batch, filters, output }: ConvShape,
  grad: string,
  block: number,
): string {
  const size = [filters, batch, ...output]
  if (filters % block !== 0) return denseFilter(e, swapFirstTwo(e, grad, 4), size, block)
  const [height = 1, width = 1] = output
  const count = batch / block
  const images = toBlocks(e, reshape(e, grad, [count, block, filters * height, width]))
  const both = toBlocks(e, reshape(e, images, [(count * filters) / block, block, height * width, block]))
  return swapFirst(e, both, [count, filters / block, height * width * block * block], size)
}

/** Writes a value, taken as of shape `from`, with its first two dimensions swapped, as of shape `to`. */
function swapFirst(
  e: Emitter,
  value: string,
  from: readonly [number, number, number],
  to: readonly number[],
): string {
  if (from[0] === 1 || from[1] === 1) return reshape(e, value, to)
  return reshape(e, transpose(e, reshape(e, value, from), [1, 0, 2]), to)
}

/** Data as blocked planes, without what no tap sees, and its padding. */
function croppedPlanes(e: Emitter, shape: ConvShape, x: string, block: number): [string, Padding[]] {
  const padding = swappedPadding(shape)
  const cropped = cropsOf(padding)
  const input = shape.input.map((size, i) => size + (cropped[i]?.[1] ?? 0))
  const data = planesToBlocks(e, padSpatial(e, x, cropped), inputSize({ ...shape, input }), block)
  return [data, differences(padding, cropped)]
}

/** Padding that is written out, and the rest. A kernel that sees padding on both sides could not work on several taps at a time. */
function dividedPadding(shape: ConvShape): [written: Padding[], left: Padding[]] {
  const padding = swappedPadding(shape)
  const isWide = padding.every(([before, after]) => before > 0 && after > 0)
  const written = isWide ? padding : cropsOf(padding)
  return [written, differences(padding, written)]
}

/** How the gradient slides over the data. */
function swappedSliding({ output, stride, dilation }: ConvShape) {
  return { kernel: output, stride: dilation, dilation: stride }
}

/** Padding of the data that leaves room for exactly the weight's taps; negative for what no tap sees. */
function swappedPadding({ input, output, kernel, stride, dilation, padding }: ConvShape): Padding[] {
  return input.map((size, i) => {
    const before = padding[i]?.[0] ?? 0
    const needed = extent(kernel[i] ?? 1, dilation[i] ?? 1) + extent(output[i] ?? 1, stride[i] ?? 1) - 1
    return [before, needed - size - before]
  })
}

function cropsOf(padding: readonly Padding[]): Padding[] {
  return padding.map(([before, after]) => [Math.min(before, 0), Math.min(after, 0)])
}

function differences(all: readonly Padding[], some: readonly Padding[]): Padding[] {
  return all.map(([before, after], i) => [before - (some[i]?.[0] ?? 0), after - (some[i]?.[1] ?? 0)])
}
