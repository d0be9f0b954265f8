import { storageOf } from '../../engine/placement.ts'
import type { Tensor } from '../../engine/tensor.ts'
import type { Node, Value } from '../../ir/node.ts'
import { castArray } from '../../tensor/cast-array.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import type { AxisScale } from '../qparams/array-qparams.ts'
import { opTypeOf } from './graph-view.ts'

/** The arguments of a batch norm that scale the convolution before it. */
export interface BatchNormScale {
  readonly gamma: HostArray
  readonly variance: HostArray
  readonly eps: number
}

/** s = gamma / sqrt(variance + eps); each step is rounded as operations on tensors round it. */
export function batchNormScale({ gamma, variance, eps }: BatchNormScale): HostArray {
  const [factors, spreads] = [toFloat32(gamma), toFloat32(variance)]
  const sums = rounded(
    spreads.map((value) => value + Math.fround(eps)),
    variance,
  )
  const deviations = rounded(toFloat32(sums).map(Math.sqrt), variance)
  return rounded(
    toFloat32(deviations).map((value, i) => (factors[i] ?? 0) / value),
    gamma,
  )
}

/** weight * s along the axis of the weight that has the output channels. */
export function foldedWeight(weight: HostArray, scale: HostArray, channelAxis: number): HostArray {
  const factors = toFloat32(scale)
  const inner = sizeOf(weight.shape.slice(channelAxis + 1))
  const values = toFloat32(weight).map(
    (value, i) => value * (factors[Math.floor(i / inner) % factors.length] ?? 0),
  )
  return rounded(values, weight)
}

/** (bias - mean) * s + beta, where bias and beta are 0 if there is none. */
export function foldedBias(
  scale: HostArray,
  {
    bias,
    mean,
    beta,
  }: { readonly bias: HostArray | null; readonly mean: HostArray; readonly beta: HostArray | null },
): HostArray {
  const [before, factors] = [bias && toFloat32(bias), toFloat32(scale)]
  const shifted = rounded(
    toFloat32(mean).map((value, i) => (before === null ? -value : (before[i] ?? 0) - value)),
    mean,
  )
  const scaled = rounded(
    toFloat32(shifted).map((value, i) => value * (factors[i] ?? 0)),
    mean,
  )
  if (beta === null) return scaled
  const after = toFloat32(beta)
  return rounded(
    toFloat32(scaled).map((value, i) => value + (after[i] ?? 0)),
    mean,
  )
}

/**
 * The weight that a node of a joined convolution and batch norm scales, and by what.
 * @param stateOf the parameter or buffer that a value is
 * @returns undefined for another node, or where not all is on the host, in float32
 */
export function scaledWeight(
  node: Node,
  stateOf: (value: Value) => Tensor | undefined,
): readonly [weight: Tensor, scale: AxisScale] | undefined {
  const [weight, spread] = node.inputs
  const quotient = spread?.node?.inputs[0]?.node
  const [gamma, deviation] = quotient?.inputs ?? []
  const sum = deviation?.node?.inputs[0]?.node
  const [variance] = sum?.inputs ?? []
  const types = [node, spread?.node, quotient, deviation?.node, sum].map((each) => each && opTypeOf(each))
  if (types.join() !== 'mul,reshape,div,sqrt,add' || !weight || !gamma || !variance) return undefined
  const kernel = stateOf(weight)
  const [factor, spreads] = [gamma, variance].map((value) => hostArrayOf(stateOf(value)))
  const shape = spread?.node?.attrs.shape
  if (!kernel || !factor || !spreads || !Array.isArray(shape)) return undefined
  const scale = batchNormScale({ gamma: factor, variance: spreads, eps: Number(sum?.attrs.other) })
  if (scale.dtype !== 'float32') return undefined
  return [kernel, { axis: shape.indexOf(-1), factors: toFloat32(scale) }]
}

function hostArrayOf(state: Tensor | undefined): HostArray | undefined {
  return state && storageOf(state.value)?.host
}

/** Values in the dtype and shape of an array. */
function rounded(
  values: Float32Array,
  { dtype, shape }: { readonly dtype: DType; readonly shape: readonly number[] },
): HostArray {
  return castArray(fromTypedArray(values, shape), dtype)
}
