import { addDims, type Dim, type Dims, floorDivDims, formatDims, isConcrete } from '../../ir/dim.ts'
import type { MilArguments } from '../../ir/mil-emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'

/** Zeros before and after one dimension; negative numbers crop. */
export type Padding = readonly [before: number, after: number]

/** How a kernel moves over its input: one entry for each spatial dimension. */
export type Sliding = {
  readonly stride: readonly number[]
  readonly padding: readonly Padding[]
  readonly dilation: readonly number[]
  readonly groups: number
}

/** Attributes of `aten.conv*`, as ATen has them. */
export type ConvAttributes = {
  readonly stride: readonly number[]
  /** Zeros on both sides of each spatial dimension, or "same" or "valid". */
  readonly padding: readonly number[] | string
  readonly dilation: readonly number[]
  readonly groups: number
}

/**
 * A convolution's attributes with its padding worked out. A list of one entry stands for all dimensions.
 * @throws RangeError for numbers that no convolution has
 */
export function slidingOf(op: string, attrs: ConvAttributes, kernel: readonly number[]): Sliding {
  const rank = kernel.length
  const stride = spread(op, 'stride', attrs.stride, rank, 1)
  const dilation = spread(op, 'dilation', attrs.dilation, rank, 1)
  if (!Number.isInteger(attrs.groups) || attrs.groups < 1) {
    throw new RangeError(`Cannot record "${op}": expected at least one group, got ${attrs.groups}`)
  }
  const padding = paddingOf(op, attrs.padding, { stride, dilation, kernel })
  return { stride, padding, dilation, groups: attrs.groups }
}

function paddingOf(
  op: string,
  padding: readonly number[] | string,
  {
    stride,
    dilation,
    kernel,
  }: { stride: readonly number[]; dilation: readonly number[]; kernel: readonly number[] },
): Padding[] {
  if (typeof padding !== 'string') return spread(op, 'padding', padding, kernel.length, 0).map((p) => [p, p])
  if (padding === 'valid') return kernel.map(() => [0, 0])
  if (padding !== 'same') {
    throw new RangeError(
      `Cannot record "${op}": expected the padding "same", "valid" or numbers, got "${padding}"`,
    )
  }
  if (stride.some((step) => step !== 1)) {
    throw new RangeError(
      `Cannot record "${op}": expected a stride of 1 for the padding "same", got [${stride.join(', ')}]`,
    )
  }
  return kernel.map((size, i) => {
    const total = (dilation[i] ?? 1) * (size - 1)
    return [Math.floor(total / 2), Math.ceil(total / 2)]
  })
}

/**
 * One whole number for each spatial dimension.
 * @throws RangeError for another count, or for numbers below `least`
 */
export function spread(
  op: string,
  name: string,
  list: readonly number[],
  rank: number,
  least: number,
): readonly number[] {
  const full = list.length === 1 ? Array.from({ length: rank }, () => list[0] ?? least) : list
  if (full.length === rank && full.every((n) => Number.isInteger(n) && n >= least)) return full
  const count = rank === 1 ? 'one' : `one or ${rank}`
  throw new RangeError(
    `Cannot record "${op}": expected a ${name} of ${count} whole numbers of at least ${least}, got [${list.join(', ')}]`,
  )
}

/** Positions that a kernel covers in one dimension, gaps included. */
export function extent(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1
}

/**
 * Spatial sizes after a convolution.
 * @throws ShapeError when the kernel does not fit into the padded input
 */
export function slidDims(
  op: string,
  input: Dims,
  kernel: readonly number[],
  { stride, padding, dilation }: Sliding,
): Dim[] {
  return input.map((size, i) => {
    const [before, after] = padding[i] ?? [0, 0]
    const room = addDims(size, before + after - extent(kernel[i] ?? 1, dilation[i] ?? 1))
    if (typeof room === 'number' && room < 0) {
      throw new ShapeError(
        `Cannot record "${op}": expected a kernel that fits into the padded input, got [${kernel.join(', ')}] for ${formatDims(input)}`,
      )
    }
    return addDims(floorDivDims(room, stride[i] ?? 1), 1)
  })
}

/**
 * Spatial sizes of a weight.
 * @throws ShapeError when they are not known
 */
export function kernelOf(op: string, weight: TensorType): readonly number[] {
  const kernel = weight.shape.slice(2)
  if (isConcrete(kernel)) return kernel
  throw new ShapeError(`Cannot record "${op}": expected a weight of known size, got ${formatType(weight)}`)
}

/** A convolution's arguments in MIL. */
export function milSliding({ stride, padding, dilation, groups }: Sliding): MilArguments {
  const isPadded = padding.some((sides) => sides.some((size) => size !== 0))
  return {
    strides: stride,
    pad_type: isPadded ? 'custom' : 'valid',
    pad: padding.flat(),
    dilations: dilation,
    groups,
  }
}
