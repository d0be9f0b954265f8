import { addDims, isConcrete, mulDims, subDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { foldBatch, foldingPays, unfoldColumns } from './columns.ts'
import {
  type ConvDims,
  type ConvShape,
  type ConvStrategy,
  inputSize,
  isBlockable,
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
  depthwiseFilter,
  flippedDenseFilter,
  fromBlocks,
  paddedChannels,
  toBlocks,
} from './nchwc.ts'
import { matrixProduct, padSpatial, reshape, transpose } from './onnx-layout.ts'

/**
 * Lowers a convolution's adjoint in its data, which is also a transposed convolution. `dims` are those of the convolution. Operands:
 * gradient of its result, weight and, if not '', the bias of a transposed convolution.
 */
export function lowerInputGradient(
  e: Emitter,
  dims: ConvDims,
  sliding: Sliding,
  operands: readonly string[],
): string {
  const shape = e.isConstant(1) ? undefined : knownShape(dims, sliding)
  const [grad = '', weight = '', bias = ''] = operands
  const sizes = [outputSize, weightSize, inputSize] as const
  const found = lowerByStrategy(e, inputGradientStrategies, shape, [grad, weight], sizes)
  if (found === undefined) return plainInputGradient(e, dims, sliding, operands)
  return bias === '' ? found : e.op('Add', [found, reshape(e, bias, [-1, ...sliding.stride.map(() => 1)])])
}

/** One product over the whole batch, and the columns summed up by another. */
const folded: ConvStrategy = {
  name: 'folded',
  applies: ({ groups }, { local }) => local && groups === 1,
  // With a stride there is no blocked form, so that folding pays for larger maps.
  pays: (shape, engine) => foldingPays(shape, engine, shape.stride.some((step) => step > 1) ? 4 : 8),
  lower(e, shape, [grad = '', weight = '']) {
    const { batch, filters } = shape
    const matrix = reshape(e, weight, [filters, -1])
    return unfoldColumns(e, shape, matrixProduct(e, matrix, foldBatch(e, grad, batch, filters), 1))
  },
}

/** A blocked convolution of the gradient with the reversed filter; for strides, with zeros between the gradient's entries. */
const blockedDepthwise: ConvStrategy = {
  name: 'blockedDepthwise',
  applies: (shape, engine) =>
    isBlockable(shape, engine) &&
    isDepthwise(shape) &&
    flippedPadding(shape, spreadSize(shape)) !== undefined,
  pays: () => true,
  lower(e, shape, [grad = '', weight = ''], { block }) {
    const { channels, kernel, dilation } = shape
    const groups = paddedChannels(channels, block)
    const padding = flippedPadding(shape, spreadSize(shape)) ?? []
    const filter = depthwiseFilter(e, reversed(e, shape, weight), channels, kernel, block)
    const spread = spreadBlocks(e, shape, toBlocks(e, grad), block)
    const stride = kernel.map(() => 1)
    return fromBlocks(
      e,
      blockedConv(e, [spread, filter], { kernel, stride, dilation, padding, groups }),
      channels,
    )
  },
}

const blockedDense: ConvStrategy = {
  name: 'blockedDense',
  applies: (shape, engine) =>
    isBlockable(shape, engine) &&
    shape.channels % engine.block === 0 &&
    shape.filters % engine.block === 0 &&
    isFlippable(shape) &&
    shape.groups === 1,
  pays: (shape) => !isPointwise(shape),
  lower(e, shape, [grad = '', weight = ''], { block }) {
    const padding = flippedPadding(shape, shape.output) ?? []
    const filter = flippedDenseFilter(e, weight, weightSize(shape), block)
    return fromBlocks(e, blockedConv(e, [toBlocks(e, grad), filter], { ...shape, padding }), shape.channels)
  },
}

/** A convolution of the gradient with the reversed weight, its channels' roles swapped. */
const flipped: ConvStrategy = {
  name: 'flipped',
  applies: (shape, { local }) => local && isFlippable(shape),
  pays: () => true,
  lower(e, shape, [grad = '', weight = '']) {
    const { kernel, dilation, groups, channels, filters } = shape
    const padding = flippedPadding(shape, shape.output) ?? []
    const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)]
    const turned = swappedChannels(e, shape, reversed(e, shape, weight))
    const filter = reshape(e, turned, [channels, filters / groups, ...kernel])
    return e.op('Conv', [grad, filter], { pads, dilations: dilation, group: groups })
  },
}

/** The ways to lower the gradient of a convolution's data, the first that pays being taken. */
export const inputGradientStrategies: readonly ConvStrategy[] = [
  folded,
  blockedDepthwise,
  blockedDense,
  flipped,
]

function isFlippable(shape: ConvShape): boolean {
  return shape.stride.every((step) => step === 1) && flippedPadding(shape, shape.output) !== undefined
}

/** Padding of the convolution with the reversed filter that makes the input's size of `size`; undefined when it would have to crop. */
function flippedPadding(
  { input, kernel, dilation, padding }: ConvShape,
  size: readonly number[],
): Padding[] | undefined {
  const pads = input.map((target, i): Padding => {
    const reach = extent(kernel[i] ?? 1, dilation[i] ?? 1) - 1
    const before = reach - (padding[i]?.[0] ?? 0)
    return [before, target + reach - (size[i] ?? 1) - before]
  })
  return pads.flat().every((pad) => pad >= 0) ? pads : undefined
}

/** Size of a gradient with zeros between its entries. */
function spreadSize({ output, stride }: ConvShape): number[] {
  return output.map((size, i) => size * (stride[i] ?? 1))
}

/** Writes a blocked gradient [N, C, H, W] with its entries a stride apart. */
function spreadBlocks(
  e: Emitter,
  { batch, channels, output, stride }: ConvShape,
  blocks: string,
  block: number,
): string {
  const [height = 1, width = 1] = output
  const [down = 1, along = 1] = stride
  if (down === 1 && along === 1) return blocks
  const lanes = paddedChannels(channels, block)
  const rows = (batch * lanes * height) / block
  const zeros = (size: readonly number[]) => e.op('Expand', [e.scalar(0), e.ints(size)])
  const apart = (value: string, gap: number[], axis: number) =>
    gap.includes(0) ? value : e.op('Concat', [value, zeros(gap)], { axis })
  const wide = apart(reshape(e, blocks, [rows, width, block]), [rows, width, (along - 1) * block], 2)
  const line = along * width * block
  const tall = apart(reshape(e, wide, [rows, 1, line]), [rows, down - 1, line], 1)
  return reshape(e, tall, [batch, lanes, down * height, along * width])
}

/** Writes a weight as [-1, taps] with its taps in reverse order. A product with a permutation is faster than slices with negative steps. */
function reversed(e: Emitter, shape: ConvShape, weight: string): string {
  const taps = tapsOf(shape)
  if (taps === 1) return weight
  const permutation = new Float32Array(taps * taps)
  for (let tap = 0; tap < taps; tap++) permutation[tap * taps + taps - 1 - tap] = 1
  return e.op('MatMul', [
    reshape(e, weight, [-1, taps]),
    e.constant(fromValues('float32', [taps, taps], permutation)),
  ])
}

/** Writes a weight [O, C / groups, taps] as [groups, C / groups, O / groups, taps]. */
function swappedChannels(e: Emitter, shape: ConvShape, weight: string): string {
  const { groups, channels, filters, kernel } = shape
  // As a matrix it is transposed many times as fast.
  if (groups === 1 && isPointwise(shape)) return transpose(e, reshape(e, weight, [filters, channels]), [1, 0])
  const apart = reshape(e, weight, [groups, filters / groups, channels / groups, sizeOf(kernel)])
  if (filters === groups || channels === groups) return apart
  return transpose(e, apart, [0, 2, 1, 3])
}

/** ONNX's own transposed convolution, for every shape and every engine. */
export function plainInputGradient(
  e: Emitter,
  { x, weight, y }: ConvDims,
  { stride, padding, dilation, groups }: Sliding,
  [grad = '', matrix = '', bias = '']: readonly string[],
): string {
  const target = x.slice(2)
  const spans = target.map((_, i) => {
    const reach = extent(Number(weight[i + 2]), dilation[i] ?? 1)
    return addDims(mulDims(addDims(y[i + 2] ?? 1, -1), stride[i] ?? 1), reach)
  })
  const inputs = [grad, matrix, bias].slice(0, bias === '' ? 2 : 3)
  const attrs = { strides: stride, dilations: dilation, group: groups }
  if (padding.flat().some((pad) => pad < 0)) {
    const ends = target.map((size, i): Padding => {
      const before = padding[i]?.[0] ?? 0
      return [-before, Number(size) + before - Number(spans[i])]
    })
    return padSpatial(e, e.op('ConvTranspose', inputs, attrs), ends)
  }
  const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)]
  const missing = target.map((size, i) => addDims(subDims(size, spans[i] ?? 0), sumOf(padding[i])))
  if (isConcrete(missing)) return e.op('ConvTranspose', inputs, { ...attrs, pads, output_padding: missing })
  // What a stride left over is known only when the model runs: add as much as there can be and cut.
  const most = e.op('ConvTranspose', inputs, {
    ...attrs,
    pads,
    output_padding: stride.map((step) => step - 1),
  })
  const axes = e.ints(target.map((_, i) => i + 2))
  return e.op('Slice', [most, e.ints(target.map(() => 0)), e.shape(target), axes])
}

function sumOf([before, after]: Padding = [0, 0]): number {
  return before + after
}
