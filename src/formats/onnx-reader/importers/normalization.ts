import { isConcrete, mulDims } from '../../../ir/dim.ts'
import type { Value } from '../../../ir/node.ts'
import { add, sub } from '../../../ops/elementwise/add.ts'
import { div } from '../../../ops/elementwise/div.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { pow } from '../../../ops/elementwise/pow.ts'
import { sqrt } from '../../../ops/elementwise/sqrt.ts'
import { batchNorm } from '../../../ops/normalization/batch-norm.ts'
import { groupNorm } from '../../../ops/normalization/group-norm.ts'
import { layerNorm } from '../../../ops/normalization/layer-norm.ts'
import { rmsNorm } from '../../../ops/normalization/rms-norm.ts'
import { avgPool2d } from '../../../ops/pooling/avg-pool.ts'
import { mean } from '../../../ops/reduction/mean.ts'
import { expand } from '../../../ops/reduction/sum.ts'
import { constantPadNd } from '../../../ops/shape/pad.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import { axisOf } from './shape.ts'

const batch: Importer = (call) => {
  if (call.int('training_mode', 0) === 1 || call.int('spatial', 1) === 0) return undefined
  const inputs = [
    call.value(0),
    call.state(1, 'weight'),
    call.state(2, 'bias'),
    call.state(3, 'running_mean'),
    call.state(4, 'running_var'),
  ]
  // ONNX's momentum is the share that stays.
  const attrs = {
    training: false,
    momentum: 1 - call.float('momentum', 0.9),
    eps: call.float('epsilon', 1e-5),
  }
  return call.emit(batchNorm, inputs, attrs)
}

const layer: Importer = (call) => {
  const normalizedShape = normalizedShapeOf(call)
  if (normalizedShape === undefined || call.node.output.slice(1).some((name) => name !== '')) return undefined
  const eps = call.float('epsilon', 1e-5)
  const inputs = [call.value(0), call.state(1, 'weight'), call.optionalState(2, 'bias')]
  return call.emit(layerNorm, inputs, { normalizedShape, eps })
}

const rms: Importer = (call) => {
  const normalizedShape = normalizedShapeOf(call)
  if (normalizedShape === undefined || call.node.output.slice(1).some((name) => name !== '')) return undefined
  return call.emit(rmsNorm, [call.value(0), call.state(1, 'weight')], {
    normalizedShape,
    eps: call.float('epsilon', 1e-5),
  })
}

/** Sizes from the axis on, where the weight has them all. */
function normalizedShapeOf(call: NodeCall): number[] | undefined {
  const { shape } = call.input(0)
  const axis = (call.int('axis', -1) + shape.length) % Math.max(shape.length, 1)
  const sizes = shape.slice(axis)
  const weight = call.input(1).shape
  return isConcrete(sizes) && weight.length === sizes.length ? [...sizes] : undefined
}

/** Since opset 21 each channel has its own scale; before, each group had one. */
const group: Importer = (call) => {
  const x = call.value(0)
  const [channels, numGroups] = [x.shape[1], call.int('num_groups', 1)]
  if (typeof channels !== 'number') return undefined
  const states = [call.state(1, 'weight'), call.state(2, 'bias')].map((state) =>
    state.shape[0] === channels ? state : spreadOver(call, state, numGroups, channels),
  )
  return call.emit(groupNorm, [x, ...states], { numGroups, eps: call.float('epsilon', 1e-5) })
}

/** What groups have for each of their channels. */
function spreadOver(call: NodeCall, state: Value, groups: number, channels: number): Value {
  const column = call.emit(reshape, [state], { shape: [groups, 1] })
  const spread = call.emit(expand, [column], { size: [groups, channels / groups] })
  return call.emit(reshape, [spread], { shape: [channels] })
}

/** An instance norm is a group norm whose groups are single channels. */
const instance: Importer = (call) => {
  const x = call.value(0)
  const channels = x.shape[1]
  if (typeof channels !== 'number') return undefined
  const attrs = { numGroups: channels, eps: call.float('epsilon', 1e-5) }
  return call.emit(groupNorm, [x, call.state(1, 'weight'), call.state(2, 'bias')], attrs)
}

/** Each element over a power of the mean square of its neighbours among the channels. */
const localResponse: Importer = (call) => {
  const x = call.value(0)
  const [batch = 1, channels = 1, ...spatial] = x.shape
  const size = call.int('size', 1)
  const rest = spatial.reduce(mulDims, 1)
  const squares = call.emit(reshape, [call.emit(mul, [x, x], {})], { shape: [batch, 1, channels, rest] })
  const before = Math.floor((size - 1) / 2)
  const padded = call.emit(constantPadNd, [squares], { pad: [0, 0, before, size - 1 - before], value: 0 })
  const means = call.emit(avgPool2d, [padded], {
    kernelSize: [size, 1],
    stride: [1, 1],
    padding: [0, 0],
    ceilMode: false,
    countIncludePad: true,
  })
  const scaled = call.emit(mul, [means], { other: call.float('alpha', 1e-4) })
  const base = call.emit(add, [scaled], { other: call.float('bias', 1), alpha: 1 })
  const divisor = call.emit(pow, [base], { exponent: call.float('beta', 0.75) })
  return call.emit(div, [x, call.emit(reshape, [divisor], { shape: x.shape })], { roundingMode: null })
}

/** Each element less the mean along some axes, over the standard deviation along them. */
const meanVariance: Importer = (call) => {
  const x = call.value(0)
  const axes = call.ints('axes') ?? [0, 2, 3]
  const along = { dim: axes.map((axis) => axisOf(call, axis, x.shape.length)), keepdim: true }
  const centred = call.emit(sub, [x, call.emit(mean, [x], along)], { alpha: 1 })
  const variance = call.emit(mean, [call.emit(mul, [centred, centred], {})], along)
  const deviation = call.emit(add, [call.emit(sqrt, [variance], {})], { other: 1e-9, alpha: 1 })
  return call.emit(div, [centred, deviation], { roundingMode: null })
}

/** Normalizations. */
export const normalization: Readonly<Record<string, Importer>> = {
  BatchNormalization: batch,
  GroupNormalization: group,
  InstanceNormalization: instance,
  LayerNormalization: layer,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: rms,
  SimplifiedLayerNormalization: rms,
}
