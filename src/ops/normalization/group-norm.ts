import {
  type Dim,
  type Dims,
  dimsEqual,
  divideExactly,
  formatDims,
  mulDims,
  sizeOfDims,
} from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilValue } from '../../ir/mil-emitter.ts'
import { emitAll, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt, inputAt } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { axesBesidesChannels, channelVector } from './channels.ts'
import { normalizedRows } from './layer-norm.ts'
import { rowsGradient } from './rows.ts'

const OP = 'aten.group_norm'

type GroupNormAttributes = { readonly numGroups: number; readonly eps: number }

/** Normalization of [N, C, ...] over groups of neighbouring channels and all that follows; weight and bias [C] may be null. */
export const groupNorm: Operation<GroupNormAttributes> = defineOp({
  name: OP,
  infer(inputs, { numGroups }) {
    const x = floatingAt(OP, inputs, 0)
    const [, channels] = x.shape
    if (channels === undefined || divideExactly(channels, numGroups) === undefined) {
      throw new ShapeError(
        `Cannot record "${OP}": expected channels that ${numGroups} groups share, got ${formatType(x)}`,
      )
    }
    for (const type of inputs.slice(1)) {
      if (type === null || (type.shape.length === 1 && dimsEqual(type.shape[0] ?? 0, channels))) continue
      throw new ShapeError(
        `Cannot record "${OP}": expected parameters ${formatDims([channels])} for ${formatType(x)}, got ${formatType(type)}`,
      )
    }
    return [x]
  },
  gradient({ inputs: [x, weight = null, bias], gradients: [g], attrs }) {
    if (!x || !g) return [null]
    const [gx, gweight, gbias] = emitAll(groupNormGradient, [g, x, weight], attrs)
    return [gx ?? null, weight ? (gweight ?? null) : null, bias ? (gbias ?? null) : null]
  },
  lower(e, { inputs: [x], attrs: { numGroups, eps } }) {
    const [data = '', weight, bias] = e.inputs
    const shape = x?.shape ?? []
    const grouped = groupedShape(shape, numGroups)
    const neutral = [channelVector(e, numGroups, 1), channelVector(e, numGroups, 0)]
    const inputs = [reshapeNode(e, data, shape, grouped), ...neutral]
    const rows = e.op('InstanceNormalization', inputs, { epsilon: { float: eps } })
    const normalized = reshapeNode(e, rows, grouped, shape)
    const scaled = weight ? e.op('Mul', [normalized, perChannel(e, weight, shape)]) : normalized
    return [bias ? e.op('Add', [scaled, perChannel(e, bias, shape)]) : scaled]
  },
  mil(e, { attrs: { numGroups, eps } }) {
    const [x, weight, bias] = [e.input(0), e.inputs[1], e.inputs[2]]
    const grouped = groupedShape(x.shape, numGroups)
    const args = { x: e.reshape(x, grouped), axes: [2], epsilon: { float: eps } }
    const normalized = e.reshape(e.op('layer_norm', args, { shape: grouped }), x.shape)
    const perChannel = (vector: MilValue) =>
      e.reshape(vector, [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)])
    const scaled = weight ? e.op('mul', { x: normalized, y: perChannel(weight) }) : normalized
    return [bias ? e.op('add', { x: scaled, y: perChannel(bias) }) : scaled]
  },
})

/** Gradients of a group norm's input, weight and bias. Inputs: the output's gradient, x, weight or null. */
export const groupNormGradient: Operation<GroupNormAttributes> = defineOp({
  name: 'lowbit.group_norm_gradient',
  infer(inputs) {
    const x = inputAt('lowbit.group_norm_gradient', inputs, 1)
    const parameter = { shape: x.shape.slice(1, 2), dtype: inputs[2]?.dtype ?? x.dtype }
    return [x, parameter, parameter]
  },
  gradient: 'none',
  lower(e, { inputs: [, x], attrs: { numGroups, eps } }) {
    const [g = '', data = '', weight] = e.inputs
    const shape = x?.shape ?? []
    const grouped = groupedShape(shape, numGroups)
    const inGroups = (value: string) => reshapeNode(e, value, shape, grouped)
    const sum = (value: string) =>
      e.op('ReduceSum', [value, e.ints(axesBesidesChannels(shape.length))], { keepdims: 0 })
    const scaled = () => (weight ? e.op('Mul', [g, perChannel(e, weight, shape)]) : g)
    const normalized = normalizedRows(e, inGroups(data), grouped.slice(-1), eps)
    const rows = () => reshapeNode(e, normalized.rows, grouped, shape)
    return [
      e.uses(0) > 0
        ? reshapeNode(e, rowsGradient(e, inGroups(scaled()), normalized, [2], true), grouped, shape)
        : '',
      e.uses(1) > 0 ? sum(e.op('Mul', [g, rows()])) : '',
      e.uses(2) > 0 ? sum(g) : '',
    ]
  },
})

/** [N, groups, values of a group]. */
function groupedShape(shape: Dims, numGroups: number): Dims {
  const [batch = 1, channels = 1, ...rest] = shape
  const width: Dim = divideExactly(channels, numGroups) ?? 1
  return [batch, numGroups, mulDims(width, sizeOfDims(rest))]
}

/** Writes [C] as [C, 1, ...], which broadcasts over [N, C, ...]. */
function perChannel(e: Emitter, vector: string, shape: Dims): string {
  return shape.length > 2 ? e.op('Reshape', [vector, e.ints([-1, ...shape.slice(2).map(() => 1)])]) : vector
}
