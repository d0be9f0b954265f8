import { type Dims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import type { Sliding } from './geometry.ts'
import { reshape } from './onnx-layout.ts'

/** Shapes of a convolution's data [N, C, ...input], weight [O, C / groups, ...kernel] and result [N, O, ...output]. */
export interface ConvDims {
  readonly x: Dims
  readonly weight: Dims
  readonly y: Dims
}

/** A convolution whose sizes are all known: what lowerings choose by. */
export interface ConvShape extends Sliding {
  readonly batch: number
  /** C */
  readonly channels: number
  /** O */
  readonly filters: number
  readonly input: readonly number[]
  readonly kernel: readonly number[]
  readonly output: readonly number[]
}

/** The sizes as numbers; undefined when one of them is symbolic. */
export function knownShape({ x, weight, y }: ConvDims, sliding: Sliding): ConvShape | undefined {
  if (!isConcrete(x) || !isConcrete(weight) || !isConcrete(y)) return undefined
  const [batch = 1, channels = 1, ...input] = x
  const [filters = 1, , ...kernel] = weight
  return { ...sliding, batch, channels, filters, input, kernel, output: y.slice(2) }
}

export function inputSize({ batch, channels, input }: ConvShape): number[] {
  return [batch, channels, ...input]
}

export function weightSize({ filters, channels, groups, kernel }: ConvShape): number[] {
  return [filters, channels / groups, ...kernel]
}

export function outputSize({ batch, filters, output }: ConvShape): number[] {
  return [batch, filters, ...output]
}

/** Number of a kernel's taps. */
export function tapsOf({ kernel }: ConvShape): number {
  return sizeOf(kernel)
}

/** Whether each channel has a filter of its own and nothing else. */
export function isDepthwise({ groups, channels, filters }: ConvShape): boolean {
  return groups > 1 && groups === channels && groups === filters
}

/** Whether output and input positions are the same: a product of channels at each position. */
export function isPointwise({ kernel, stride, padding }: ConvShape): boolean {
  return (
    kernel.every((size) => size === 1) &&
    stride.every((step) => step === 1) &&
    padding.every(([before, after]) => before === 0 && after === 0)
  )
}

/** What an engine offers to convolutions. */
export interface ConvEngine {
  /** Whether it is an engine of this process: a file for others gets the plain lowering. */
  readonly local: boolean
  /** Channels in a block of `com.microsoft.nchwc`; 0 where that does not exist. */
  readonly block: number
}

function engineOf(e: Emitter): ConvEngine {
  const block = e.has('nchwc16') ? 16 : 8
  return { local: e.has('fusedMatMul'), block: e.has('nchwc') ? block : 0 }
}

/** One way to lower a convolution or one of its adjoints. */
export interface ConvStrategy {
  readonly name: string
  /** Whether the result is right: for shapes and engines outside, it must not be used. */
  applies(shape: ConvShape, engine: ConvEngine): boolean
  /** Whether it is worth it, as measured; asked only where it applies and the strategies before it do not pay. */
  pays(shape: ConvShape, engine: ConvEngine): boolean
  /** Writes the nodes; the operands are those of the plain lowering. */
  lower(e: Emitter, shape: ConvShape, operands: readonly string[], engine: ConvEngine): string
}

/** Shapes of a lowering's two tensor operands and of its result. */
export type ConvSizes = readonly [
  (shape: ConvShape) => number[],
  (shape: ConvShape) => number[],
  (shape: ConvShape) => number[],
]

/** The strategy that a shape is lowered by; undefined for the plain lowering. */
export function chooseStrategy(
  strategies: readonly ConvStrategy[],
  shape: ConvShape,
  engine: ConvEngine,
): ConvStrategy | undefined {
  return strategies.find((one) => one.applies(shape, engine) && one.pays(shape, engine))
}

/** Lowers by the first strategy that applies and pays; undefined when there is none. Lines are taken as planes of height 1. */
export function lowerByStrategy(
  e: Emitter,
  strategies: readonly ConvStrategy[],
  shape: ConvShape | undefined,
  operands: readonly string[],
  [first, second, result]: ConvSizes,
): string | undefined {
  if (shape === undefined) return undefined
  const engine = engineOf(e)
  const planar = shape.kernel.length === 1 ? planeOf(shape) : shape
  const strategy = chooseStrategy(strategies, planar, engine)
  if (strategy === undefined || planar === shape) return strategy?.lower(e, shape, operands, engine)
  const [a = '', b = '', ...rest] = operands
  const lifted = [reshape(e, a, first(planar)), reshape(e, b, second(planar)), ...rest]
  return reshape(e, strategy.lower(e, planar, lifted, engine), result(shape))
}

function planeOf(shape: ConvShape): ConvShape {
  const { input, kernel, output, stride, dilation, padding } = shape
  return {
    ...shape,
    input: [1, ...input],
    kernel: [1, ...kernel],
    output: [1, ...output],
    stride: [1, ...stride],
    dilation: [1, ...dilation],
    padding: [[0, 0], ...padding],
  }
}

/** Whether the blocked layout takes a convolution of planes: its numbers of channels, and padding that does not crop. */
export function isBlockable({ kernel, filters, padding }: ConvShape, { block }: ConvEngine): boolean {
  const pads = padding.flat()
  return block > 0 && kernel.length === 2 && filters % 4 === 0 && pads.every((pad) => pad >= 0)
}
