import { type Dims, isConcrete, sameDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { asBatch, batchDims, lowerAsBatch, milAsBatch } from '../convolution/batched.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { type AxisWindows, axisProducts, knownSizes } from './axis-products.ts'
import {
  endPadding,
  inferPool,
  milWindows,
  pooledDims,
  type WindowAttributes,
  type Windows,
  windowsOf,
} from './windows.ts'

/** Attributes of `aten.avg_pool*`. */
export type AvgPoolAttributes = WindowAttributes & {
  /** Whether the padding's zeros count as elements. What hangs over in ceil mode never does. */
  readonly countIncludePad: boolean
  /** What sums are divided by instead of the number of elements; null or absent for none. */
  readonly divisorOverride?: number | null
}

/** Mean of each window of [N, C, L] or [C, L]. */
export const avgPool1d: Operation<AvgPoolAttributes> = defineAvgPool('aten.avg_pool1d', 1)

/** Mean of each window of [N, C, H, W] or [C, H, W]. */
export const avgPool2d: Operation<AvgPoolAttributes> = defineAvgPool('aten.avg_pool2d', 2)

/** Mean of each window of [N, C, D, H, W] or [C, D, H, W]. */
export const avgPool3d: Operation<AvgPoolAttributes> = defineAvgPool('aten.avg_pool3d', 3)

function defineAvgPool(name: string, spatial: number): Operation<AvgPoolAttributes> {
  return defineOp<AvgPoolAttributes>({
    name,
    infer(inputs, attrs) {
      if (attrs.divisorOverride === 0) {
        throw new RangeError(`Cannot record "${name}": expected a divisor other than 0, got 0`)
      }
      return [inferPool(name, inputs, averageWindows(name, attrs, spatial))]
    },
    gradient({ inputs: [x], gradients: [g], attrs }) {
      if (!x || !g) return [null]
      const inputSize = x.shape.slice(-spatial)
      return [reshaped(emit(avgPoolGradient, [asBatch(g, spatial)], { ...attrs, inputSize }), x.shape)]
    },
    lower(e, node) {
      const dims = batchDims(node, spatial)
      const windows = averageWindows(name, node.attrs, spatial)
      return [lowerAsBatch(e, node, spatial, (x) => averagePool(e, x, windows, dims, node.attrs))]
    },
    mil(e, node) {
      const { countIncludePad, divisorOverride = null } = node.attrs
      const windows = averageWindows(name, node.attrs, spatial)
      if (divisorOverride !== null)
        return e.refuse('a mean of the elements', `the divisor ${divisorOverride}`)
      if (windows.ceilMode && spatial === 3) return e.refuse('at most two dimensions in ceil mode', 'three')
      const args = { ...milWindows(windows), exclude_padding_from_average: !countIncludePad }
      return [milAsBatch(e, node, spatial, (x, shape) => e.op('avg_pool', { x, ...args }, { shape }))]
    },
    quantization: { sharesObserver: true },
  })
}

type AvgPoolGradientAttributes = AvgPoolAttributes & { readonly inputSize: Dims }

/** Gradient of an average pool's data, whose spatial sizes are `inputSize`: each window's share for each of its elements. Input: gradient [N, C, ...]. */
export const avgPoolGradient: Operation<AvgPoolGradientAttributes> = defineOp({
  name: 'lowbit.avg_pool_gradient',
  infer(inputs, attrs) {
    const op = 'lowbit.avg_pool_gradient'
    const grad = floatingAt(op, inputs, 0)
    const expected = pooledDims(op, attrs.inputSize, averageWindows(op, attrs, grad.shape.length - 2))
    if (sameDims(expected, grad.shape.slice(2))) {
      return [{ shape: [...grad.shape.slice(0, 2), ...attrs.inputSize], dtype: grad.dtype }]
    }
    throw new ShapeError(
      `Cannot record "${op}": expected spatial sizes [${expected.join(', ')}], got ${formatType(grad)}`,
    )
  },
  gradient({ gradients: [g], attrs }) {
    const { inputSize, ...pool } = attrs
    const op = [avgPool1d, avgPool2d, avgPool3d][inputSize.length - 1]
    return [g && op ? emit(op, [g], pool) : null]
  },
  lower(e, { inputs: [grad], outputs: [x], attrs }) {
    const op = 'lowbit.avg_pool_gradient'
    const input = knownSizes(op, x?.shape ?? [])
    const windows = averageWindows(op, attrs, input.length)
    const axes = axisWindows(windows, input, knownSizes(op, grad?.shape ?? []), attrs)
    return [e.op('Reshape', [axisProducts(e, e.inputs[0] ?? '', axes, true), e.shape(x?.shape ?? [])])]
  },
})

function averageWindows(op: string, attrs: WindowAttributes, rank: number): Windows {
  return windowsOf(op, attrs, [1], rank)
}

function averagePool(
  e: Emitter,
  x: string,
  windows: Windows,
  dims: { readonly x: Dims; readonly y: Dims },
  { countIncludePad, divisorOverride }: AvgPoolAttributes,
): string {
  const { kernel, stride, padding, ceilMode } = windows
  const divides = typeof divisorOverride === 'number'
  const counts = countIncludePad || divides
  const [input, output] = [dims.x.slice(2), dims.y.slice(2)]
  const attrs = { kernel_shape: kernel, strides: stride, count_include_pad: Number(counts) }
  if (!isConcrete(input) || !isConcrete(output)) {
    const mean = e.op('AveragePool', [x], {
      ...attrs,
      pads: [...padding, ...padding],
      ceil_mode: Number(ceilMode),
    })
    return divides ? e.op('Mul', [mean, e.scalar(sizeOf(kernel) / divisorOverride)]) : mean
  }
  const mean = e.op('AveragePool', [x], {
    ...attrs,
    pads: [...padding, ...endPadding(windows, input, output)],
  })
  if (divides) return e.op('Mul', [mean, e.scalar(sizeOf(kernel) / divisorOverride)])
  return counts ? corrected(e, mean, windows, input, output) : mean
}

/** Windows that hang over in ceil mode were divided by the whole kernel size: divides them by what they cover of the padded input. */
function corrected(
  e: Emitter,
  mean: string,
  windows: Windows,
  input: readonly number[],
  output: readonly number[],
): string {
  return windows.kernel.reduce((value, size, axis) => {
    const ratios = coveredAlong(windows, input, output, axis, true).map(({ count }) => size / count)
    if (ratios.every((ratio) => ratio === 1)) return value
    const shape = [ratios.length, ...windows.kernel.slice(axis + 1).map(() => 1)]
    return e.op('Mul', [value, e.constant(fromValues('float32', shape, ratios))])
  }, mean)
}

/** The windows of each dimension, with the shares that make means of sums. */
function axisWindows(
  windows: Windows,
  input: readonly number[],
  output: readonly number[],
  { countIncludePad, divisorOverride }: AvgPoolAttributes,
): AxisWindows[] {
  return input.map((size, axis) => ({
    size,
    windows: coveredAlong(windows, input, output, axis, countIncludePad).map(({ start, end, count }) => {
      if (typeof divisorOverride === 'number')
        return { start, end, weight: axis === 0 ? 1 / divisorOverride : 1 }
      return { start, end, weight: 1 / count }
    }),
  }))
}

/** Where the windows of one dimension start and end, and how many elements count in them. */
function coveredAlong(
  { kernel, stride, padding }: Windows,
  input: readonly number[],
  output: readonly number[],
  axis: number,
  includesPad: boolean,
): { start: number; end: number; count: number }[] {
  const size = input[axis] ?? 1
  const pad = padding[axis] ?? 0
  return Array.from({ length: output[axis] ?? 1 }, (_, i) => {
    const start = i * (stride[axis] ?? 1) - pad
    const end = Math.min(start + (kernel[axis] ?? 1), size + pad)
    const count = includesPad ? end - start : Math.min(end, size) - Math.max(start, 0)
    return { start, end, count }
  })
}
