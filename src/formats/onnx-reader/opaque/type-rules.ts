import { addDims, type Dim, type Dims, mulDims } from '../../../ir/dim.ts'
import type { TensorType } from '../../../ir/operation.ts'
import { broadcastDims } from '../../../ops/inference.ts'
import { type NodeCall, numberOf } from '../node-call.ts'
import { computedDType } from '../onnx-dtypes.ts'

/** Types of a node's outputs, from its inputs; undefined where they cannot be told. */
export type TypeRule = (call: NodeCall) => readonly TensorType[] | undefined

const like: TypeRule = (call) => [typeAt(call, 0)]

function typeAt(call: NodeCall, index: number): TensorType {
  const { shape, dtype } = call.input(index)
  return { shape, dtype }
}

const broadcast: TypeRule = (call) => {
  const types = Array.from({ length: call.inputCount }, (_, i) => typeAt(call, i))
  const shape = types.map((type) => type.shape).reduce<Dims>((a, b) => broadcastDims(call.title, a, b), [])
  return [{ shape, dtype: types[0]?.dtype ?? 'float32' }]
}

const asBool =
  (rule: TypeRule): TypeRule =>
  (call) =>
    rule(call)?.map(({ shape }) => ({ shape, dtype: 'bool' as const }))

const pad: TypeRule = (call) => {
  const { shape, dtype } = typeAt(call, 0)
  const pads = call.elements(1)
  if (pads === undefined || call.optional(3) !== undefined || pads.length !== 2 * shape.length)
    return undefined
  return [
    {
      shape: shape.map((size, i) => addDims(size, addDims(pads[i] ?? 0, pads[shape.length + i] ?? 0))),
      dtype,
    },
  ]
}

const resize: TypeRule = (call) => {
  const { shape, dtype } = typeAt(call, 0)
  const axes =
    call.ints('axes')?.map((axis) => (axis + shape.length) % shape.length) ?? shape.map((_, i) => i)
  if (call.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined
  const sizes = call.optional(3) === undefined ? undefined : call.elements(3)
  if (sizes !== undefined && sizes.length === axes.length)
    return [{ shape: placed(shape, axes, sizes), dtype }]
  const scales = call.elements(2)
  if (scales === undefined || scales.length !== axes.length) return undefined
  const scaled = axes.map((axis, i) => scaledSize(shape[axis] ?? 1, numberOf(scales[i])))
  return scaled.every((size) => size !== undefined)
    ? [{ shape: placed(shape, axes, scaled), dtype }]
    : undefined
}

function placed(shape: Dims, axes: readonly number[], sizes: readonly Dim[]): Dim[] {
  return axes.reduce<Dim[]>((result, axis, i) => result.with(axis, sizes[i] ?? 1), [...shape])
}

function scaledSize(size: Dim, scale: number | undefined): Dim | undefined {
  if (scale === undefined) return undefined
  if (typeof size === 'number') return Math.floor(size * Math.fround(scale))
  return Number.isInteger(scale) ? mulDims(size, scale) : undefined
}

const topK: TypeRule = (call) => {
  const { shape, dtype } = typeAt(call, 0)
  const [count] = call.elements(1) ?? []
  if (count === undefined) return undefined
  const axis = (call.int('axis', -1) + shape.length) % shape.length
  const picked = shape.with(axis, count)
  return [
    { shape: picked, dtype },
    { shape: picked, dtype: 'int64' },
  ]
}

const gatherNd: TypeRule = (call) => {
  const [data, at] = [typeAt(call, 0), typeAt(call, 1)]
  const depth = at.shape.at(-1)
  const batch = call.int('batch_dims', 0)
  if (typeof depth !== 'number') return undefined
  return [{ shape: [...at.shape.slice(0, -1), ...data.shape.slice(batch + depth)], dtype: data.dtype }]
}

const oneHot: TypeRule = (call) => {
  const { shape } = typeAt(call, 0)
  const [depth] = call.elements(1) ?? []
  if (depth === undefined) return undefined
  const rank = shape.length + 1
  const axis = (call.int('axis', -1) + rank) % rank
  return [{ shape: shape.toSpliced(axis, 0, depth), dtype: call.input(2).dtype }]
}

const recurrent =
  (states: number): TypeRule =>
  (call) => {
    const { shape, dtype } = typeAt(call, 0)
    const [directions = 1] = typeAt(call, 1).shape
    const hidden = typeAt(call, 2).shape.at(-1) ?? 1
    const [steps = 1, batch = 1] = shape
    if (call.int('layout', 0) === 1) return undefined
    const last: TensorType = { shape: [directions, batch, hidden], dtype }
    return [{ shape: [steps, directions, batch, hidden], dtype }, ...new Array<TensorType>(states).fill(last)]
  }

const gridSample: TypeRule = (call) => {
  const [x, grid] = [typeAt(call, 0), typeAt(call, 1)]
  return [{ shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)], dtype: x.dtype }]
}

const quantizeDynamic: TypeRule = (call) => [
  { shape: typeAt(call, 0).shape, dtype: 'uint8' },
  { shape: [], dtype: 'float32' },
  { shape: [], dtype: 'uint8' },
]

const matMulInteger: TypeRule = (call) => {
  const [a, b] = [typeAt(call, 0).shape, typeAt(call, 1).shape]
  if (a.length < 2 || b.length < 2) return undefined
  const batch = broadcastDims(call.title, a.slice(0, -2), b.slice(0, -2))
  return [{ shape: [...batch, a.at(-2) ?? 1, b.at(-1) ?? 1], dtype: 'int32' }]
}

/** The product with a weight in blocks: [..., K] times what stands for [K, N]. */
const matMulNBits: TypeRule = (call) => {
  const { shape, dtype } = typeAt(call, 0)
  return [{ shape: shape.with(-1, call.int('N', 1)), dtype }]
}

const randomLike: TypeRule = (call) => {
  const { shape, dtype } = typeAt(call, 0)
  return [{ shape, dtype: (call.has('dtype') ? computedDType(call.int('dtype', 1)) : dtype) ?? dtype }]
}

/** Operators whose outputs' types are known here: they stay as they are, and nothing has to be asked about them. */
export const TYPE_RULES: ReadonlyMap<string, TypeRule> = new Map<string, TypeRule>([
  ...(
    'Acos Acosh Asin Asinh Atan Atanh Cosh Sinh Tan BitwiseNot Clip CumSum HardSigmoid Hardmax LRN LpNormalization MeanVarianceNormalization ' +
    'PRelu ReverseSequence Selu Shrink Softsign ThresholdedRelu Trilu InstanceNormalization GroupNormalization Swish'
  )
    .split(' ')
    .map((name): [string, TypeRule] => [name, like]),
  ...'BitShift BitwiseAnd BitwiseOr BitwiseXor Max Mean Min Mod Sum'
    .split(' ')
    .map((name): [string, TypeRule] => [name, broadcast]),
  ...'And Equal Or Xor'.split(' ').map((name): [string, TypeRule] => [name, asBool(broadcast)]),
  ['com.microsoft.FastGelu', like],
  ['com.microsoft.Gelu', like],
  ['com.microsoft.BiasGelu', like],
  ['com.microsoft.QuickGelu', like],
  ['com.microsoft.MatMulNBits', matMulNBits],
  ['DynamicQuantizeLinear', quantizeDynamic],
  ['GatherND', gatherNd],
  ['GridSample', gridSample],
  ['GRU', recurrent(1)],
  ['IsInf', asBool(like)],
  ['IsNaN', asBool(like)],
  ['LSTM', recurrent(2)],
  ['MatMulInteger', matMulInteger],
  ['OneHot', oneHot],
  ['Pad', pad],
  ['RandomNormalLike', randomLike],
  ['RandomUniformLike', randomLike],
  ['Resize', resize],
  ['RNN', recurrent(1)],
  ['ScatterElements', like],
  ['ScatterND', like],
  ['TopK', topK],
])

/** Operators that move values without changing them: their result has their input's range. */
export const SHARES_RANGE: ReadonlySet<string> = new Set(['Resize', 'Pad', 'GatherND', 'ReverseSequence'])
