import { type Dim, type Dims, dimsEqual, isConcrete, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import {
  asBatch,
  batchDims,
  batchedTypes,
  lowerAsBatch,
  milAsBatch,
  resultType,
} from '../convolution/batched.ts'
import { reshape } from '../convolution/onnx-layout.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { sizeNode } from '../size-node.ts'
import { type AxisWindows, axisProducts, knownSizes } from './axis-products.ts'

/** `outputSize`: the spatial sizes of the result; null keeps the data's. */
export type AdaptiveAttributes = { readonly outputSize: readonly (Dim | null)[] }

/** Means of as many windows of [N, C, L] or [C, L] as the result has elements. */
export const adaptiveAvgPool1d: Operation<AdaptiveAttributes> = defineAdaptive('aten.adaptive_avg_pool1d', 1)

/** Means of as many windows of [N, C, H, W] or [C, H, W] as the result has elements. */
export const adaptiveAvgPool2d: Operation<AdaptiveAttributes> = defineAdaptive('aten.adaptive_avg_pool2d', 2)

/** Means of as many windows of [N, C, D, H, W] or [C, D, H, W] as the result has elements. */
export const adaptiveAvgPool3d: Operation<AdaptiveAttributes> = defineAdaptive('aten.adaptive_avg_pool3d', 3)

function defineAdaptive(name: string, spatial: number): Operation<AdaptiveAttributes> {
  return defineOp<AdaptiveAttributes>({
    name,
    infer(inputs, { outputSize }) {
      const { types, isSingle } = batchedTypes(name, inputs, spatial)
      const { shape, dtype } = floatingAt(name, types, 0)
      const sizes = outputSize.map((size, i) => size ?? shape[i + 2] ?? 1)
      const areSizes = sizes.every((size) => typeof size !== 'number' || (Number.isInteger(size) && size > 0))
      if (sizes.length !== spatial || !areSizes) {
        throw new RangeError(
          `Cannot record "${name}": expected ${spatial} sizes of at least 1, got [${outputSize.join(', ')}]`,
        )
      }
      return [resultType({ shape: [...shape.slice(0, 2), ...sizes], dtype }, isSingle)]
    },
    gradient({ inputs: [x], gradients: [g] }) {
      if (!x || !g) return [null]
      const grad = emit(adaptiveAvgPoolGradient, [asBatch(g, spatial)], {
        inputSize: x.shape.slice(-spatial),
      })
      return [reshaped(grad, x.shape)]
    },
    lower(e, node) {
      const { x: from, y: to } = batchDims(node, spatial)
      return [lowerAsBatch(e, node, spatial, (x) => adaptivePool(e, x, from, to, name))]
    },
    mil: (e, node) => [milAsBatch(e, node, spatial, (x, to) => milAdaptivePool(e, x, to, name))],
    quantization: { sharesObserver: true },
  })
}

/** Gradient of an adaptive average pool's data, whose spatial sizes are `inputSize`. Input: gradient [N, C, ...]. */
export const adaptiveAvgPoolGradient: Operation<{ readonly inputSize: Dims }> = defineOp({
  name: 'lowbit.adaptive_avg_pool_gradient',
  infer(inputs, { inputSize }) {
    const { shape, dtype } = floatingAt('lowbit.adaptive_avg_pool_gradient', inputs, 0)
    return [{ shape: [...shape.slice(0, 2), ...inputSize], dtype }]
  },
  gradient({ inputs: [grad], gradients: [g] }) {
    if (!grad || !g) return [null]
    const op = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d][grad.shape.length - 3]
    return [op ? emit(op, [g], { outputSize: grad.shape.slice(2) }) : null]
  },
  lower(e, { inputs: [grad], outputs: [x] }) {
    const [from, to] = [x?.shape ?? [], grad?.shape ?? []]
    const name = e.inputs[0] ?? ''
    if (to.slice(2).every((size) => size === 1)) return [spreadMean(e, name, from)]
    const axes = adaptiveWindows('lowbit.adaptive_avg_pool_gradient', from, to)
    return [e.op('Reshape', [axisProducts(e, name, axes, true), e.shape(from)])]
  },
})

/** Each mean's share for each of the positions: where they are known by a product with a row of ones, much faster than Expand. */
function spreadMean(e: Emitter, means: string, to: Dims): string {
  const spatial = to.slice(2)
  const share = e.op('Div', [means, sizeNode(e, sizeOfDims(spatial), 'float32')])
  if (!isConcrete(spatial)) return e.op('Expand', [share, e.shape(to)])
  const row = new Float32Array(sizeOf(spatial)).fill(1)
  const ones = e.constant(fromValues('float32', [1, row.length], row))
  return e.op('Reshape', [e.op('MatMul', [reshape(e, share, [-1, 1]), ones]), e.shape(to)])
}

/** A mean over all positions, an average pool where the windows are equal, else products. */
function adaptivePool(e: Emitter, x: string, from: Dims, to: Dims, op: string): string {
  const output = to.slice(2)
  if (output.every((size) => size === 1)) {
    return e.op('ReduceMean', [x, e.ints(output.map((_, i) => i + 2))], { keepdims: 1 })
  }
  const kernel = from.slice(2).map((size, i) => evenWindow(size, output[i] ?? 1))
  if (kernel.every((size) => size !== undefined)) {
    if (kernel.every((size) => size === 1)) return x
    return e.op('AveragePool', [x], { kernel_shape: kernel, strides: kernel })
  }
  return e.op('Reshape', [axisProducts(e, x, adaptiveWindows(op, from, to), false), e.shape(to)])
}

/** The same for an ML program; windows that differ are products with matrices of their weights, along the last two dimensions. */
function milAdaptivePool(e: MilEmitter, x: MilValue, to: Dims, op: string): MilValue {
  const output = to.slice(2)
  if (output.every((size) => size === 1))
    return e.op('reduce_mean', { x, axes: output.map((_, i) => i + 2), keep_dims: true }, { shape: to })
  const kernel = x.shape.slice(2).map((size, i) => evenWindow(size, output[i] ?? 1))
  const even = kernel.filter((size) => size !== undefined)
  if (even.length === kernel.length) {
    if (even.every((size) => size === 1)) return x
    return e.op('avg_pool', { x, kernel_sizes: even, strides: even, pad_type: 'valid' }, { shape: to })
  }
  if (output.length > 2)
    return e.refuse('windows of one size', `windows that differ, to [${output.join(', ')}]`)
  const [rows, columns] = adaptiveWindows(op, x.shape, to)
    .map((axis) => e.constant(windowMatrix(axis)))
    .slice(-2)
  if (columns === undefined || rows === undefined) {
    const only = rows ?? columns ?? x
    return e.op('matmul', { x, y: only, transpose_x: false, transpose_y: true }, { shape: to })
  }
  const tall = e.op(
    'matmul',
    { x, y: columns, transpose_x: false, transpose_y: true },
    { shape: to.with(2, x.shape[2] ?? 1) },
  )
  return e.op('matmul', { x: rows, y: tall, transpose_x: false, transpose_y: false }, { shape: to })
}

/** [windows, positions]: what each position counts in each window. */
function windowMatrix({ size, windows }: AxisWindows): HostArray {
  const weights = new Float32Array(windows.length * size)
  for (const [i, { start, end, weight }] of windows.entries())
    weights.fill(weight, i * size + start, i * size + end)
  return fromValues('float32', [windows.length, size], weights)
}

/** Size of the windows where they are all equal and lie side by side. */
function evenWindow(size: Dim, count: Dim): number | undefined {
  if (dimsEqual(size, count)) return 1
  return typeof size === 'number' && typeof count === 'number' && size % count === 0
    ? size / count
    : undefined
}

/** Windows as PyTorch lays them: from the floor of where each one begins to the ceiling of where it ends. */
function adaptiveWindows(op: string, from: Dims, to: Dims): AxisWindows[] {
  const counts = knownSizes(op, to)
  return knownSizes(op, from).map((size, axis) => {
    const count = counts[axis] ?? 1
    const windows = Array.from({ length: count }, (_, i) => {
      const start = Math.floor((i * size) / count)
      const end = Math.ceil(((i + 1) * size) / count)
      return { start, end, weight: 1 / (end - start) }
    })
    return { size, windows }
  })
}
