import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { foldedColumns, foldingPays, unfoldBatch } from './columns.ts'
import {
  type ConvDims,
  type ConvStrategy,
  inputSize,
  isBlockable,
  isDepthwise,
  isPointwise,
  knownShape,
  lowerByStrategy,
  outputSize,
  weightSize,
} from './conv-shape.ts'
import type { Sliding } from './geometry.ts'
import {
  blockedConv,
  denseFilter,
  depthwiseFilter,
  fewChannelsFilter,
  fromBlocks,
  paddedChannels,
  toBlocks,
} from './nchwc.ts'
import { matrixProduct, padSpatial, reshape } from './onnx-layout.ts'

/**
 * Lowers a convolution. Operands: data, weight and, if not '', bias. A weight that is a constant mostly gets the plain form, which the engine
 * packs once by itself.
 */
export function lowerConvolution(
  e: Emitter,
  dims: ConvDims,
  sliding: Sliding,
  operands: readonly string[],
): string {
  const shape = knownShape(dims, sliding)
  const strategies = e.isConstant(1) ? constantWeightStrategies : convolutionStrategies
  return (
    lowerByStrategy(e, strategies, shape, operands, [inputSize, weightSize, outputSize]) ??
    plainConvolution(e, sliding, operands)
  )
}

/** One product over the whole batch: for maps so small that a product for each image would be too narrow. */
const folded: ConvStrategy = {
  name: 'folded',
  applies: ({ groups }, { local }) => local && groups === 1,
  pays: foldingPays,
  lower(e, shape, [x = '', weight = '', bias = '']) {
    const { batch, filters, output } = shape
    const product = matrixProduct(e, reshape(e, weight, [filters, -1]), foldedColumns(e, shape, x))
    const biased = bias === '' ? product : e.op('Add', [product, reshape(e, bias, [filters, 1])])
    return unfoldBatch(e, biased, [batch, filters, ...output])
  },
}

const blockedDepthwise: ConvStrategy = {
  name: 'blockedDepthwise',
  applies: (shape, engine) => isBlockable(shape, engine) && isDepthwise(shape),
  pays: () => true,
  lower(e, shape, [x = '', weight = '', bias = ''], { block }) {
    const filter = depthwiseFilter(e, weight, shape.channels, shape.kernel, block)
    const sliding = { ...shape, groups: paddedChannels(shape.channels, block) }
    return biasedBlocks(e, shape.filters, block, bias, (b) =>
      blockedConv(e, [toBlocks(e, x), filter, b], sliding),
    )
  },
}

/** The first convolution of a network: its data is read as it is. */
const blockedFewChannels: ConvStrategy = {
  name: 'blockedFewChannels',
  applies: (shape, engine) =>
    isBlockable(shape, engine) && shape.groups === 1 && shape.channels < engine.block,
  pays: () => true,
  lower(e, shape, [x = '', weight = '', bias = ''], { block }) {
    const filter = fewChannelsFilter(e, weight, weightSize(shape), block)
    return biasedBlocks(e, shape.filters, block, bias, (b) => blockedConv(e, [x, filter, b], shape))
  },
}

const blockedDense: ConvStrategy = {
  name: 'blockedDense',
  applies: (shape, engine) =>
    isBlockable(shape, engine) &&
    shape.groups === 1 &&
    shape.channels >= engine.block &&
    shape.channels % 4 === 0,
  pays: (shape, { block }) =>
    !isPointwise(shape) && shape.channels % block === 0 && shape.filters % block === 0,
  lower(e, shape, [x = '', weight = '', bias = ''], { block }) {
    const filter = denseFilter(e, weight, weightSize(shape), block)
    return biasedBlocks(e, shape.filters, block, bias, (b) =>
      blockedConv(e, [toBlocks(e, x), filter, b], shape),
    )
  },
}

/** The ways to lower a convolution, the first that pays being taken. */
export const convolutionStrategies: readonly ConvStrategy[] = [
  folded,
  blockedDepthwise,
  blockedFewChannels,
  blockedDense,
]

/** Output positions of an image up to which one product over the batch is faster than the engine's own form, which works image by image. */
const FEW_POSITIONS = 4

/** Of these, what is worth it for a weight that the engine could pack once. */
export const constantWeightStrategies: readonly ConvStrategy[] = [
  {
    ...folded,
    pays: (shape, engine) =>
      !isPointwise(shape) && sizeOf(shape.output) <= FEW_POSITIONS && foldingPays(shape, engine),
  },
]

/** Leaves the blocked layout. The bias is added inside where the channels fill whole blocks, else after. */
function biasedBlocks(
  e: Emitter,
  filters: number,
  block: number,
  bias: string,
  conv: (bias: string) => string,
): string {
  const isWhole = filters % block === 0
  const y = fromBlocks(e, conv(isWhole ? bias : ''), filters)
  return isWhole || bias === '' ? y : e.op('Add', [y, reshape(e, bias, [filters, 1, 1])])
}

/** ONNX's own convolution, for every shape and every engine. */
export function plainConvolution(
  e: Emitter,
  { stride, padding, dilation, groups }: Sliding,
  [x = '', weight = '', bias = '']: readonly string[],
): string {
  const cropped = padding.map(([before, after]) => [Math.min(before, 0), Math.min(after, 0)] as const)
  const pads = [
    ...padding.map(([before]) => Math.max(before, 0)),
    ...padding.map(([, after]) => Math.max(after, 0)),
  ]
  const inputs = [padSpatial(e, x, cropped), weight, bias].slice(0, bias === '' ? 2 : 3)
  return e.op('Conv', inputs, { strides: stride, pads, dilations: dilation, group: groups })
}
