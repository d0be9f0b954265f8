import { type Dim, divideExactly, mulDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { valueAt } from '../inference.ts'
import { permute } from './permute.ts'
import { reshaped } from './reshape.ts'

/** [..., C r r, H, W] to [..., C, H r, W r]: channels become pixels (Shi et al. 2016). */
export const pixelShuffle: Operation<{ readonly upscaleFactor: number }> = defineComposite({
  name: 'aten.pixel_shuffle',
  compose(inputs, { upscaleFactor: r }) {
    const { value, front, sizes } = picture('aten.pixel_shuffle', inputs)
    const [channels, height, width] = sizes
    const fewer = exactly('aten.pixel_shuffle', value, channels, r * r)
    const apart = reshaped(value, [...front, fewer, r, r, height, width])
    const moved = reordered(apart, front.length, [0, 3, 1, 4, 2])
    return [reshaped(moved, [...front, fewer, mulDims(height, r), mulDims(width, r)])]
  },
})

/** [..., C, H r, W r] to [..., C r r, H, W]: the inverse. */
export const pixelUnshuffle: Operation<{ readonly downscaleFactor: number }> = defineComposite({
  name: 'aten.pixel_unshuffle',
  compose(inputs, { downscaleFactor: r }) {
    const { value, front, sizes } = picture('aten.pixel_unshuffle', inputs)
    const [channels, height, width] = sizes
    const [h, w] = [height, width].map((size) => exactly('aten.pixel_unshuffle', value, size, r))
    const apart = reshaped(value, [...front, channels, h ?? 1, r, w ?? 1, r])
    const moved = reordered(apart, front.length, [0, 2, 4, 1, 3])
    return [reshaped(moved, [...front, mulDims(channels, r * r), h ?? 1, w ?? 1])]
  },
})

/** Interleaves the groups of channels of [N, C, ...] (Zhang et al. 2018). */
export const channelShuffle: Operation<{ readonly groups: number }> = defineComposite({
  name: 'aten.channel_shuffle',
  compose(inputs, { groups }) {
    const x = valueAt('aten.channel_shuffle', inputs, 0)
    const [batch = 1, channels = 1, ...rest] = x.shape
    const each = exactly('aten.channel_shuffle', x, channels, groups)
    const apart = reshaped(x, [batch, groups, each, ...rest])
    const moved = reordered(apart, 1, [1, 0, ...rest.map((_, i) => i + 2)])
    return [reshaped(moved, x.shape)]
  },
})

function picture(
  op: string,
  inputs: readonly (Value | null)[],
): { value: Value; front: readonly Dim[]; sizes: readonly [Dim, Dim, Dim] } {
  const value = valueAt(op, inputs, 0)
  const [channels, height, width] = value.shape.slice(-3)
  if (channels === undefined || height === undefined || width === undefined) {
    throw new ShapeError(`Cannot record "${op}": expected [..., C, H, W], got ${formatType(value)}`)
  }
  return { value, front: value.shape.slice(0, -3), sizes: [channels, height, width] }
}

/** Permutes what follows the first `kept` dimensions. */
function reordered(value: Value, kept: number, order: readonly number[]): Value {
  const front = Array.from({ length: kept }, (_, i) => i)
  return emit(permute, [value], { dims: [...front, ...order.map((axis) => axis + kept)] })
}

function exactly(op: string, value: Value, size: Dim, parts: number): Dim {
  const part = divideExactly(size, parts)
  if (part !== undefined && (typeof part !== 'number' || Number.isInteger(part))) return part
  throw new ShapeError(
    `Cannot record "${op}": expected a size that ${parts} divides, got ${size} in ${formatType(value)}`,
  )
}
