import { type Dims, dimsEqual, formatDims, isConcrete, mulDims, sameDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import type { ConvDims } from './conv-shape.ts'
import { kernelOf, type Sliding, slidDims } from './geometry.ts'
import { lowerConvolution } from './lower-convolution.ts'
import { lowerInputGradient } from './lower-input-gradient.ts'
import { lowerWeightGradient } from './lower-weight-gradient.ts'

// A convolution and its two adjoints: each one's gradients are made of the other two. Data is [N, C, ...], weights are [O, C / groups, ...].

/** Convolution with a pair of paddings for each dimension. Inputs: data, weight. */
export const convolution: Operation<Sliding> = defineOp({
  name: 'lowbit.convolution',
  infer: (inputs, attrs) => [inferConvolution('lowbit.convolution', inputs, attrs)],
  gradient({ inputs: [x, w], gradients: [g], attrs, needs }) {
    if (!x || !w || !g) return [null, null]
    return [
      needs(0) ? inputGradient(g, w, x.shape, attrs) : null,
      needs(1) ? weightGradient(x, g, w, attrs) : null,
    ]
  },
  lower: (e, { inputs: [x, w], outputs: [y], attrs }) => [
    lowerConvolution(e, dimsOf(x, w, y), attrs, e.inputs),
  ],
})

/** `inputSize`: spatial sizes of the convolution's data. */
type InputGradientAttributes = Sliding & { readonly inputSize: Dims }

/** The adjoint of a convolution in its data. Inputs: gradient of the result, weight. */
export const convInputGradient: Operation<InputGradientAttributes> = defineOp({
  name: 'lowbit.conv_input_gradient',
  infer(inputs, attrs) {
    const op = 'lowbit.conv_input_gradient'
    const grad = spatialAt(op, inputs, 0)
    const weight = spatialAt(op, inputs, 1, grad.shape.length)
    const shape = [grad.shape[0] ?? 1, mulDims(weight.shape[1] ?? 1, attrs.groups), ...attrs.inputSize]
    const expected = inferConvolution(op, [{ ...grad, shape }, weight], attrs)
    if (sameDims(expected.shape, grad.shape)) return [{ shape, dtype: grad.dtype }]
    throw mismatch(op, expected, grad)
  },
  gradient({ inputs: [grad, w], gradients: [g], attrs, needs }) {
    if (!grad || !w || !g) return [null, null]
    const { inputSize: _, ...sliding } = attrs
    return [
      needs(0) ? emit(convolution, [g, w], sliding) : null,
      needs(1) ? weightGradient(g, grad, w, sliding) : null,
    ]
  },
  lower: (e, { inputs: [grad, w], outputs: [x], attrs }) => [
    lowerInputGradient(e, dimsOf(x, w, grad), attrs, e.inputs),
  ],
})

/** `kernelSize`: spatial sizes of the convolution's weight. */
type WeightGradientAttributes = Sliding & { readonly kernelSize: readonly number[] }

/** The adjoint of a convolution in its weight. Inputs: data, gradient of the result. */
export const convWeightGradient: Operation<WeightGradientAttributes> = defineOp({
  name: 'lowbit.conv_weight_gradient',
  infer(inputs, attrs) {
    const op = 'lowbit.conv_weight_gradient'
    const x = spatialAt(op, inputs, 0)
    const grad = spatialAt(op, inputs, 1, x.shape.length)
    const [, channels = 1] = x.shape
    const [, filters = 1] = grad.shape
    if (!isConcrete([channels, filters])) {
      throw new ShapeError(
        `Cannot record "${op}": expected known numbers of channels, got ${formatType(x)} and ${formatType(grad)}`,
      )
    }
    const shape = [filters, Number(channels) / attrs.groups, ...attrs.kernelSize]
    const expected = inferConvolution(op, [x, { shape, dtype: x.dtype }], attrs)
    if (sameDims(expected.shape, grad.shape)) return [{ shape, dtype: x.dtype }]
    throw mismatch(op, expected, grad)
  },
  gradient({ inputs: [x, grad], gradients: [g], attrs, needs }) {
    if (!x || !grad || !g) return [null, null]
    const { kernelSize: _, ...sliding } = attrs
    return [
      needs(0) ? inputGradient(grad, g, x.shape, sliding) : null,
      needs(1) ? emit(convolution, [x, g], sliding) : null,
    ]
  },
  lower: (e, { inputs: [x, grad], outputs: [w], attrs }) => [
    lowerWeightGradient(e, dimsOf(x, w, grad), attrs, e.inputs),
  ],
})

/** Records the gradient of a convolution's data of shape `size`. */
export function inputGradient(grad: Value, weight: Value, size: Dims, sliding: Sliding): Value {
  return emit(convInputGradient, [grad, weight], { ...sliding, inputSize: size.slice(2) })
}

/** Records the gradient of a convolution's weight. */
export function weightGradient(x: Value, grad: Value, weight: Value, sliding: Sliding): Value {
  return emit(convWeightGradient, [x, grad], { ...sliding, kernelSize: kernelOf('a convolution', weight) })
}

/**
 * Type of a convolution's result.
 * @throws ShapeError when data and weight do not fit
 * @throws TypeError for integers, or different dtypes
 */
export function inferConvolution(
  op: string,
  inputs: readonly (TensorType | null)[],
  sliding: Sliding,
): TensorType {
  const x = spatialAt(op, inputs, 0)
  const weight = spatialAt(op, inputs, 1, x.shape.length)
  const [batch = 1, channels = 1, ...input] = x.shape
  const [filters = 1, perGroup = 1] = weight.shape
  if (!dimsEqual(mulDims(perGroup, sliding.groups), channels)) {
    throw new ShapeError(
      `Cannot record "${op}": expected data with ${mulDims(perGroup, sliding.groups)} channels for the weight ${formatDims(weight.shape)} in groups of ${sliding.groups}, got ${formatType(x)}`,
    )
  }
  if (typeof filters === 'number' && filters % sliding.groups !== 0) {
    throw new ShapeError(
      `Cannot record "${op}": expected filters that divide into ${sliding.groups} groups, got ${formatType(weight)}`,
    )
  }
  const output = slidDims(op, input, kernelOf(op, weight), sliding)
  return { shape: [batch, filters, ...output], dtype: x.dtype }
}

/** A floating-point tensor with one to three spatial dimensions, and of the first input's dtype. */
function spatialAt(
  op: string,
  inputs: readonly (TensorType | null)[],
  index: number,
  rank?: number,
): TensorType {
  const type = floatingAt(op, inputs, index)
  const first = floatingAt(op, inputs, 0)
  if (type.dtype !== first.dtype) {
    throw new TypeError(
      `Cannot record "${op}": expected inputs of one dtype, got ${formatType(first)} and ${formatType(type)}`,
    )
  }
  const { length } = type.shape
  if (rank === undefined ? length >= 3 && length <= 5 : length === rank) return type
  const expected = rank === undefined ? 'a rank of 3 to 5' : `rank ${rank}`
  throw new ShapeError(
    `Cannot record "${op}": expected ${expected} for input ${index}, got ${formatType(type)}`,
  )
}

function mismatch(op: string, expected: TensorType, got: TensorType): ShapeError {
  return new ShapeError(
    `Cannot record "${op}": expected a gradient ${formatType(expected)}, got ${formatType(got)}`,
  )
}

function dimsOf(
  x: Value | null | undefined,
  weight: Value | null | undefined,
  y: Value | null | undefined,
): ConvDims {
  return { x: x?.shape ?? [], weight: weight?.shape ?? [], y: y?.shape ?? [] }
}
