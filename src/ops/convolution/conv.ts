import type { Value } from '../../ir/node.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { sum } from '../reduction/sum.ts'
import { reshaped } from '../shape/reshape.ts'
import { asBatch, batchDims, batchedTypes, lowerAsBatch, milAsBatch, resultType } from './batched.ts'
import { inferConvolution, inputGradient, weightGradient } from './convolution.ts'
import { type ConvAttributes, kernelOf, milSliding, slidingOf } from './geometry.ts'
import { lowerConvolution } from './lower-convolution.ts'

/** Convolution of [N, C, L] or [C, L] with a weight [O, C / groups, K] and an optional bias [O]. */
export const conv1d: Operation<ConvAttributes> = defineConv('aten.conv1d', 1)

/** Convolution of [N, C, H, W] or [C, H, W] with a weight [O, C / groups, KH, KW] and an optional bias [O]. */
export const conv2d: Operation<ConvAttributes> = defineConv('aten.conv2d', 2)

/** Convolution of [N, C, D, H, W] or [C, D, H, W] with a weight [O, C / groups, KD, KH, KW] and an optional bias [O]. */
export const conv3d: Operation<ConvAttributes> = defineConv('aten.conv3d', 3)

function defineConv(name: string, spatial: number): Operation<ConvAttributes> {
  return defineOp<ConvAttributes>({
    name,
    infer(inputs, attrs) {
      const { types, isSingle } = batchedTypes(name, inputs, spatial)
      const weight = floatingAt(name, inputs, 1)
      const type = inferConvolution(name, types, slidingOf(name, attrs, kernelOf(name, weight)))
      checkBias(name, inputs, type.shape[1] ?? 1)
      return [resultType(type, isSingle)]
    },
    gradient({ inputs: [x, w, b], gradients: [g], attrs, needs }) {
      if (!x || !w || !g) return [null, null, null]
      const sliding = slidingOf(name, attrs, kernelOf(name, w))
      const [data, grad] = [asBatch(x, spatial), asBatch(g, spatial)]
      return [
        needs(0) ? reshaped(inputGradient(grad, w, data.shape, sliding), x.shape) : null,
        needs(1) ? weightGradient(data, grad, w, sliding) : null,
        b && needs(2) ? biasGradient(grad) : null,
      ]
    },
    lower(e, node) {
      const w = node.inputs[1]
      const dims = { ...batchDims(node, spatial), weight: w?.shape ?? [] }
      const sliding = slidingOf(name, node.attrs, kernelOf(name, w ?? { shape: [], dtype: 'float32' }))
      return [
        lowerAsBatch(e, node, spatial, (x) => lowerConvolution(e, dims, sliding, [x, ...e.inputs.slice(1)])),
      ]
    },
    mil: (e, node) => [
      milAsBatch(e, node, spatial, (x, shape) => {
        const [weight, bias] = [e.input(1), e.inputs[2]]
        const sliding = slidingOf(name, node.attrs, kernelOf(name, weight))
        return e.op('conv', { x, weight, bias, ...milSliding(sliding) }, { shape })
      }),
    ],
    quantization: { weight: { input: 1, bias: 2, channelAxis: 0, blockAxis: 1 } },
  })
}

/** Records the gradient of a bias: a sum over all but the channels of [N, O, ...]. */
export function biasGradient(grad: Value): Value {
  const dim = grad.shape.map((_, i) => i).filter((i) => i !== 1)
  return emit(sum, [grad], { dim, keepdim: false })
}

/**
 * Checks an optional bias, which is input 2.
 * @throws ShapeError when it is not one number for each filter
 */
export function checkBias(
  op: string,
  inputs: readonly (TensorType | null)[],
  filters: TensorType['shape'][number],
): void {
  const bias = inputs[2]
  if (
    !bias ||
    (bias.shape.length === 1 && (bias.shape[0] === filters || String(bias.shape[0]) === String(filters)))
  )
    return
  throw new ShapeError(`Cannot record "${op}": expected a bias [${filters}], got ${formatType(bias)}`)
}
