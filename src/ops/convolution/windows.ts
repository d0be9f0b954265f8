import { mulDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { eq } from '../elementwise/comparison.ts'
import { castTo, compared, countedAlong, multiplied, plus } from '../expressions.ts'
import { selected } from '../indexing/index-select.ts'
import { normalizeDim, valueAt } from '../inference.ts'
import { movedim } from '../shape/alike.ts'
import { reshaped } from '../shape/reshape.ts'
import { conv2d } from './conv.ts'
import { convTranspose2d } from './conv-transpose.ts'

type PatchAttributes = {
  readonly kernelSize: readonly number[]
  readonly dilation: readonly number[]
  readonly padding: readonly number[]
  readonly stride: readonly number[]
}

/** The patches of [N, C, H, W] that a convolution's kernel would see, as columns: [N, C kh kw, L]. By a convolution with unit kernels. */
export const im2col: Operation<PatchAttributes> = defineComposite({
  name: 'aten.im2col',
  compose(inputs, { kernelSize, ...attrs }) {
    const x = valueAt('aten.im2col', inputs, 0)
    const channels = channelsOf('aten.im2col', x)
    const patches = emit(conv2d, [x, unitKernels(channels, kernelSize), null], { ...attrs, groups: channels })
    const [batch = 1, rows = 1, h = 1, w = 1] = patches.shape
    return [reshaped(patches, [batch, rows, mulDims(h, w)])]
  },
})

/** Adds patches up where they overlap: the adjoint of `im2col`. */
export const col2im: Operation<PatchAttributes & { readonly outputSize: readonly number[] }> =
  defineComposite({
    name: 'aten.col2im',
    compose(inputs, { outputSize, kernelSize, stride, padding, dilation }) {
      const x = valueAt('aten.col2im', inputs, 0)
      const [batch = 1, rows = 1] = x.shape
      const channels = Number(rows) / kernelSize.reduce((a, b) => a * b, 1)
      const reach = kernelSize.map((size, i) => (dilation[i] ?? 1) * (size - 1))
      const spans = outputSize.map((size, i) => size + 2 * (padding[i] ?? 0) - (reach[i] ?? 0) - 1)
      const counts = spans.map((span, i) => Math.floor(span / (stride[i] ?? 1)) + 1)
      const outputPadding = spans.map((span, i) => span % (stride[i] ?? 1))
      const patches = reshaped(x, [batch, rows, ...counts])
      const attrs = { stride, padding, dilation, outputPadding, groups: channels }
      return [emit(convTranspose2d, [patches, unitKernels(channels, kernelSize), null], attrs)]
    },
  })

/** For each channel and place in the kernel, a kernel with a 1 there. */
function unitKernels(channels: number, [height = 1, width = 1]: readonly number[]): Value {
  const area = height * width
  const one = compared(eq, countedAlong(0, area, 2), countedAlong(1, area, 2))
  const kernels = castTo(reshaped(one, [1, area, 1, height, width]), 'float32')
  const all = multiplied(kernels, castTo(plus(multiplied(countedAlong(0, channels, 5), 0), 1), 'float32'))
  return reshaped(all, [channels * area, 1, height, width])
}

function channelsOf(op: string, x: Value): number {
  const channels = x.shape[1]
  if (x.shape.length === 4 && typeof channels === 'number') return channels
  throw new ShapeError(`Cannot record "${op}": expected [N, C, H, W], got ${formatType(x)}`)
}

/** Windows of a dimension, `step` apart, as a new last dimension. */
export const unfold: Operation<{ readonly dimension: number; readonly size: number; readonly step: number }> =
  defineComposite({
    name: 'aten.unfold',
    compose(inputs, { dimension, size, step }) {
      const x = valueAt('aten.unfold', inputs, 0)
      const axis = normalizeDim('aten.unfold', dimension, x.shape.length)
      const total = x.shape[axis]
      if (typeof total !== 'number' || size > total || step < 1) {
        throw new ShapeError(
          `Cannot record "aten.unfold": expected windows of ${size} in dimension ${dimension}, got ${formatType(x)}`,
        )
      }
      const count = Math.floor((total - size) / step) + 1
      const places = plus(multiplied(countedAlong(0, count, 2), step), countedAlong(1, size, 2))
      const windows = selected(x, places, axis)
      return [emit(movedim, [windows], { source: [axis + 1], destination: [-1] })]
    },
  })
