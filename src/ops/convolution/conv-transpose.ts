import { addDims, type Dim, type Dims, dimsEqual, formatDims, mulDims } from '../../ir/dim.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { asBatch, batchDims, batchedTypes, lowerAsBatch, milAsBatch, resultType } from './batched.ts'
import { biasGradient, checkBias } from './conv.ts'
import { convInputGradient, convolution, weightGradient } from './convolution.ts'
import { extent, kernelOf, milSliding, type Sliding, slidingOf, spread } from './geometry.ts'
import { lowerInputGradient } from './lower-input-gradient.ts'

/** Attributes of `aten.conv_transpose*`, as ATen has them. */
type ConvTransposeAttributes = {
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly outputPadding: readonly number[]
  readonly groups: number
  readonly dilation: readonly number[]
}

/** Transposed convolution of [N, C, L] or [C, L] with a weight [C, O / groups, K] and an optional bias [O]. */
export const convTranspose1d: Operation<ConvTransposeAttributes> = defineConvTranspose(
  'aten.conv_transpose1d',
  1,
)

/** Transposed convolution of [N, C, H, W] or [C, H, W] with a weight [C, O / groups, KH, KW] and an optional bias [O]. */
export const convTranspose2d: Operation<ConvTransposeAttributes> = defineConvTranspose(
  'aten.conv_transpose2d',
  2,
)

/** Transposed convolution of [N, C, D, H, W] or [C, D, H, W] with a weight [C, O / groups, KD, KH, KW] and an optional bias [O]. */
export const convTranspose3d: Operation<ConvTransposeAttributes> = defineConvTranspose(
  'aten.conv_transpose3d',
  3,
)

/** It is the adjoint, in its data, of a convolution with the same weight: the names of that convolution's parts are used throughout. */
function defineConvTranspose(name: string, spatial: number): Operation<ConvTransposeAttributes> {
  return defineOp<ConvTransposeAttributes>({
    name,
    infer(inputs, attrs) {
      const { types, isSingle } = batchedTypes(name, inputs, spatial)
      const [grad] = types
      checkChannels(name, grad, inputs[1])
      const { sliding, inputSize } = adjointOf(name, grad, inputs[1], attrs)
      const [type = floatingAt(name, types, 0)] = convInputGradient.infer(types, { ...sliding, inputSize })
      checkBias(name, inputs, type.shape[1] ?? 1)
      return [resultType(type, isSingle)]
    },
    gradient({ inputs: [x, w, b], gradients: [g], attrs, needs }) {
      if (!x || !w || !g) return [null, null, null]
      const [data, grad] = [asBatch(x, spatial), asBatch(g, spatial)]
      const { sliding } = adjointOf(name, data, w, attrs)
      return [
        needs(0) ? reshaped(emit(convolution, [grad, w], sliding), x.shape) : null,
        needs(1) ? weightGradient(grad, data, w, sliding) : null,
        b && needs(2) ? biasGradient(grad) : null,
      ]
    },
    lower(e, node) {
      const { x: y, y: x } = batchDims(node, spatial)
      const w = node.inputs[1]
      const dims = { x, weight: w?.shape ?? [], y }
      const { sliding } = adjointOf(name, { shape: y, dtype: 'float32' }, w, node.attrs)
      return [
        lowerAsBatch(e, node, spatial, (g) =>
          lowerInputGradient(e, dims, sliding, [g, ...e.inputs.slice(1)]),
        ),
      ]
    },
    mil: (e, node) => [
      milAsBatch(e, node, spatial, (x, shape) => milTransposed(e, x, shape, name, node.attrs)),
    ],
    quantization: { weight: { input: 1, bias: 2, channelAxis: 1, blockAxis: 0 } },
  })
}

function checkChannels(
  op: string,
  x: TensorType | null | undefined,
  weight: TensorType | null | undefined,
): void {
  if (!x || !weight || dimsEqual(x.shape[1] ?? 0, weight.shape[0] ?? 0)) return
  throw new ShapeError(
    `Cannot record "${op}": expected data with ${weight.shape[0]} channels for the weight ${formatDims(weight.shape)}, got ${formatType(x)}`,
  )
}

/** The convolution that a transposed one is the adjoint of, and the size of its data. */
function adjointOf(
  op: string,
  grad: TensorType | null | undefined,
  weight: TensorType | null | undefined,
  attrs: ConvTransposeAttributes,
): { sliding: Sliding; inputSize: Dim[] } {
  const kernel = kernelOf(op, floatingAt(op, [weight ?? null], 0))
  const sliding = slidingOf(op, attrs, kernel)
  const added = spread(op, 'output padding', attrs.outputPadding, kernel.length, 0)
  const inputSize = (grad?.shape.slice(2) ?? []).map((size, i) => {
    const step = sliding.stride[i] ?? 1
    const gap = sliding.dilation[i] ?? 1
    const extra = added[i] ?? 0
    if (extra >= Math.max(step, gap)) {
      throw new RangeError(
        `Cannot record "${op}": expected an output padding below the stride or the dilation, got [${added.join(', ')}]`,
      )
    }
    const [before, after] = sliding.padding[i] ?? [0, 0]
    return addDims(mulDims(addDims(size, -1), step), extent(kernel[i] ?? 1, gap) - before - after + extra)
  })
  // What an output padding of a stride or more adds, no position of the convolution reaches.
  const padding = sliding.padding.map(([before, after], i) => {
    const step = sliding.stride[i] ?? 1
    return [before, after - step * Math.floor((added[i] ?? 0) / step)] as const
  })
  return { sliding: { ...sliding, padding }, inputSize }
}

/**
 * Writes a transposed convolution of a batch. Where there is output padding, it is all of the result, of which the padding is cut off: for what lies
 * beyond its end the data are followed by zeros.
 */
function milTransposed(
  e: MilEmitter,
  x: MilValue,
  shape: Dims,
  name: string,
  attrs: ConvTransposeAttributes,
): MilValue {
  const [weight, bias] = [e.input(1), e.inputs[2]]
  const kernel = kernelOf(name, weight)
  const sliding = slidingOf(name, attrs, kernel)
  const added = spread(name, 'output padding', attrs.outputPadding, kernel.length, 0)
  if (added.every((extra) => extra === 0))
    return e.op('conv_transpose', { x, weight, bias, ...milSliding(sliding) }, { shape })
  const zeros = sliding.padding.map(([, after], i) =>
    Math.ceil(Math.max(0, (added[i] ?? 0) - after) / (sliding.stride[i] ?? 1)),
  )
  const longer = x.shape.map((size, i) => addDims(size, zeros[i - 2] ?? 0))
  const pad = [0, 0, 0, 0, ...zeros.flatMap((count) => [0, count])]
  const data = zeros.every((count) => count === 0)
    ? x
    : e.op('pad', { x, pad, mode: 'constant', constant_val: { float: 0 } }, { shape: longer })
  const unpadded = { ...sliding, padding: sliding.padding.map(() => [0, 0] as const) }
  const whole = longer.map((size, i) => {
    if (i < 2) return shape[i] ?? 1
    const reach = extent(kernel[i - 2] ?? 1, sliding.dilation[i - 2] ?? 1)
    return addDims(mulDims(addDims(size, -1), sliding.stride[i - 2] ?? 1), reach)
  })
  const result = e.op('conv_transpose', { x: data, weight, bias, ...milSliding(unpadded) }, { shape: whole })
  const begin = shape.map((_, i) => sliding.padding[i - 2]?.[0] ?? 0)
  const end = shape.map((size, i) =>
    i < 2 ? 0 : typeof size === 'number' ? size + (begin[i] ?? 0) : e.refuse('known sizes', String(size)),
  )
  return e.op('slice_by_index', { x: result, begin, end, end_mask: shape.map((_, i) => i < 2) }, { shape })
}
