import type { Emitter } from '../../ir/emitter.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { oncePerGraph } from './once-per-graph.ts'
import { reshape } from './onnx-layout.ts'

// ONNX Runtime's blocked layout: [N, C, H, W] is stored as [N, C / block, H, W, block], under its old shape. ReorderInput makes it, and
// since it does nothing but move the channels of a block innermost, it also makes the layouts of filters that its Conv expects.

const DOMAIN = 'com.microsoft.nchwc'

/** Channels that a blocked tensor has: whole blocks, the last one filled up with zeros. */
export function paddedChannels(channels: number, block: number): number {
  return Math.ceil(channels / block) * block
}

/** Whether ReorderInput takes a number of channels. */
export function canReorder(channels: number): boolean {
  return channels % 4 === 0
}

/** Writes the blocked form of [N, C, H, W], once for each value. */
export function toBlocks(e: Emitter, value: string): string {
  return oncePerGraph(e, `blocks of ${value}`, () =>
    e.op('ReorderInput', [value], { channels_last: 0 }, DOMAIN),
  )
}

/** Writes the blocked form of [N, C, H, W] taken as [1, N * C, H, W]. It is that of [N, C, H, W] where channels are whole blocks. */
export function planesToBlocks(e: Emitter, value: string, size: readonly number[], block: number): string {
  const [batch = 1, channels = 1, ...spatial] = size
  const planes = [1, batch * channels, ...spatial]
  if (channels % block === 0) return reshape(e, toBlocks(e, value), planes)
  return toBlocks(e, reshape(e, value, planes))
}

/** Writes the plain form of a blocked tensor. */
export function fromBlocks(e: Emitter, value: string, channels: number): string {
  return e.op('ReorderOutput', [value], { channels, channels_last: 0 }, DOMAIN)
}

/** How a blocked convolution slides. */
export interface BlockedSliding {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly padding: readonly (readonly [number, number])[]
  readonly groups: number
}

/** Writes a convolution of blocked data, or of plain data with fewer channels than a block, with a reordered filter. Its result is blocked. */
export function blockedConv(e: Emitter, operands: readonly string[], sliding: BlockedSliding): string {
  const { kernel, stride, dilation, padding, groups } = sliding
  const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)]
  const attrs = { kernel_shape: kernel, strides: stride, dilations: dilation, pads, group: groups }
  return e.op('Conv', operands.filter(Boolean), attrs, DOMAIN)
}

/** Writes the filter of a convolution over blocked data from a weight [O, I, ...kernel]. */
export function denseFilter(
  e: Emitter,
  weight: string,
  [o = 1, i = 1, ...kernel]: readonly number[],
  block: number,
): string {
  const rows = paddedChannels(i, block) * sizeOf(kernel)
  const inner = toBlocks(e, weight)
  const outer = toBlocks(e, reshape(e, inner, [1, o, rows, 1]))
  return reshape(e, outer, [paddedChannels(o, block), paddedChannels(i, block), ...kernel])
}

/**
 * Writes the filter of the convolution that is the adjoint of one with a weight [O, I, ...kernel]: the channels' roles swapped, and each
 * dimension of the kernel reversed. The channels have to be whole blocks.
 */
export function flippedDenseFilter(
  e: Emitter,
  weight: string,
  size: readonly number[],
  block: number,
): string {
  const [o = 1, i = 1, ...kernel] = size
  const rows = reshape(e, toBlocks(e, weight), [-1, block])
  const taps = sizeOf(kernel)
  const indices = oncePerGraph(e, `flipped order ${[o, i, taps, block]}`, () =>
    e.constant(fromValues('int32', [(o * i * taps) / block], flippedOrder(o, i, taps, block))),
  )
  return reshape(e, e.op('Gather', [rows, indices], { axis: 0 }), [i, o, ...kernel])
}

/** Where the rows [I / block, O / block, tap, O in block] of a flipped filter stand among the rows [O, I / block, tap] of a reordered weight. */
export function flippedOrder(o: number, i: number, taps: number, block: number): Int32Array {
  const order = new Int32Array((o * i * taps) / block)
  const blocksIn = i / block
  let at = 0
  for (let inner = 0; inner < blocksIn; inner++) {
    for (let outer = 0; outer < o; outer += block) {
      for (let tap = taps - 1; tap >= 0; tap--) {
        for (let lane = 0; lane < block; lane++)
          order[at++] = ((outer + lane) * blocksIn + inner) * taps + tap
      }
    }
  }
  return order
}

/** Writes the filter of a convolution over plain data with fewer channels than a block from a weight [O, I, H, W]. */
export function fewChannelsFilter(
  e: Emitter,
  weight: string,
  size: readonly number[],
  block: number,
): string {
  const [o = 1, i = 1, height = 1, width = 1] = size
  const blocked = toBlocks(e, reshape(e, weight, [1, o, i * height, width]))
  return reshape(e, blocked, [paddedChannels(o, block), i, height, width])
}

/** Writes the filter of a depthwise convolution over blocked data from a weight of [C, 1, H, W] elements. */
export function depthwiseFilter(
  e: Emitter,
  weight: string,
  channels: number,
  kernel: readonly number[],
  block: number,
): string {
  const blocked = toBlocks(e, reshape(e, weight, [1, channels, ...kernel]))
  return reshape(e, blocked, [paddedChannels(channels, block), 1, ...kernel])
}
