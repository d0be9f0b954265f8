import {
  type Dim,
  divideExactly,
  floorDivDims,
  isConcrete,
  mulDims,
  sameDims,
  sizeOfDims,
} from '../../../ir/dim.ts'
import type { Value } from '../../../ir/node.ts'
import { full } from '../../../ops/creation/full.ts'
import { expand } from '../../../ops/reduction/sum.ts'
import { cat, splitWithSizes } from '../../../ops/shape/cat.ts'
import { constantPadNd, pad as padOp } from '../../../ops/shape/pad.ts'
import { permute, t } from '../../../ops/shape/permute.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { slice } from '../../../ops/shape/slice.ts'
import { tril, triu } from '../../../ops/shape/triangle.ts'
import { flatten as flattenOp, squeeze, unsqueeze } from '../../../ops/shape/view.ts'
import { reshapedStored } from '../graph-importer.ts'
import { type Importer, type NodeCall, numberOf } from '../node-call.ts'
import { elementsOf } from '../operand.ts'
import { contentOfTensor } from '../tensor-content.ts'

/** An axis counted from the front. */
export function axisOf(call: NodeCall, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  return normal >= 0 && normal < Math.max(rank, 1)
    ? normal
    : call.fail(`an axis within ${rank} dimensions`, `${axis}`)
}

/** Axes from an input, counted from the front; undefined where they are computed, or absent with `absent`. */
function axesAt(call: NodeCall, index: number, rank: number): number[] | undefined {
  return call.numbers(index)?.map((axis) => axisOf(call, axis, rank))
}

const reshapeTo: Importer = (call) => {
  const target = call.elements(1)
  if (target === undefined) return undefined
  const input = call.input(0)
  const shape = resolved(call, input.shape, target)
  if (shape === undefined) return undefined
  if (input.stored !== undefined && isConcrete(shape))
    return reshapedStored(input, input.stored, shape, call.outputName)
  const x = call.valueOf(input)
  return sameDims(x.shape, shape) ? x : call.emit(reshape, [x], { shape })
}

/** The requested shape with its 0s copied and its -1 worked out; undefined where that takes more than is known. */
function resolved(call: NodeCall, from: readonly Dim[], target: readonly Dim[]): Dim[] | undefined {
  const keepsZeros = call.int('allowzero', 0) === 1
  const shape = target.map((size, i) =>
    size === 0 && !keepsZeros ? (from[i] ?? call.fail('a size to copy', 'none')) : size,
  )
  const open = shape.indexOf(-1)
  if (open < 0) return shape
  if (shape.lastIndexOf(-1) !== open) return call.fail('one size that is left open', `[${target.join(', ')}]`)
  const rest = shape.reduce<Dim>((total, size) => (size === -1 ? total : mulDims(total, size)), 1)
  if (rest === 0) return shape.with(open, 0)
  const total = sizeOfDims(from)
  const missing =
    divideExactly(total, rest) ?? (typeof total === 'number' ? undefined : floorDivDims(total, rest))
  return missing === undefined
    ? call.fail(`a shape for ${total} elements`, `[${target.join(', ')}]`)
    : shape.with(open, missing)
}

const transpose: Importer = (call) => {
  const input = call.input(0)
  const rank = input.shape.length
  const dims = call.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
  if (rank === 2 && dims[0] === 1 && input.stored !== undefined) return call.importer.transposed(input)
  return rank === 2 && dims[0] === 1
    ? call.emit(t, [call.valueOf(input)], {})
    : call.emit(permute, [call.valueOf(input)], { dims })
}

const flatten: Importer = (call) => {
  const x = call.value(0)
  const rank = x.shape.length
  const axis = call.int('axis', 1)
  if (axis === 1 && rank > 1) return call.emit(flattenOp, [x], { startDim: 1, endDim: -1 })
  const at = axis < 0 ? axis + rank : axis
  const shape = [x.shape.slice(0, at), x.shape.slice(at)].map((part) => sizeOfDims(part))
  return call.emit(reshape, [x], { shape })
}

const squeezed: Importer = (call) => {
  const x = call.value(0)
  if (call.optional(1) === undefined) return call.emit(squeeze, [x], { dim: null })
  const dim = axesAt(call, 1, x.shape.length)
  return dim && call.emit(squeeze, [x], { dim })
}

const unsqueezed: Importer = (call) => {
  const input = call.input(0)
  const axes = call.numbers(1)
  if (axes === undefined) return undefined
  const rank = input.shape.length + axes.length
  const dims = axes.map((axis) => axisOf(call, axis, rank)).sort((a, b) => a - b)
  return dims.reduce<Value>((x, dim) => call.emit(unsqueeze, [x], { dim }), call.valueOf(input))
}

const concat: Importer = (call) => {
  const values = Array.from({ length: call.inputCount }, (_, i) => call.value(i))
  const [first] = values
  if (first === undefined) return call.fail('at least one input', 'none')
  if (values.length === 1) return first
  return call.emit(cat, values, { dim: axisOf(call, call.int('axis', 0), first.shape.length) })
}

const split: Importer = (call) => {
  const x = call.value(0)
  const dim = axisOf(call, call.int('axis', 0), x.shape.length)
  const size = x.shape[dim] ?? 1
  const splitSizes = call.optional(1) === undefined ? evenParts(call, size) : call.elements(1)
  return splitSizes && call.emitAll(splitWithSizes, [x], { splitSizes, dim })
}

function evenParts(call: NodeCall, size: Dim): Dim[] | undefined {
  const count = call.int('num_outputs', call.node.output.length)
  const each = typeof size === 'number' ? Math.ceil(size / count) : divideExactly(size, count)
  if (each === undefined) return undefined
  const parts = new Array<Dim>(count).fill(each)
  return typeof size === 'number' ? parts.with(-1, size - Number(each) * (count - 1)) : parts
}

const sliced: Importer = (call) => {
  const input = call.input(0)
  const [starts, ends] = [call.elements(1), call.elements(2)]
  const axes = call.optional(3) === undefined ? starts?.map((_, i) => i) : axesAt(call, 3, input.shape.length)
  const steps = call.optional(4) === undefined ? starts?.map(() => 1) : call.numbers(4)
  if (
    starts === undefined ||
    ends === undefined ||
    axes === undefined ||
    steps?.every((step) => step >= 1) !== true
  )
    return undefined
  return axes.reduce<Value>((x, dim, i) => {
    const [start, end] = [bound(starts[i] ?? 0), bound(ends[i] ?? 0)]
    const size = x.shape[dim] ?? 0
    if (isAll(start, end, size) && steps[i] === 1) return x
    return call.emit(slice, [x], {
      dim,
      start,
      end: isLast(end, size) ? null : end,
      step: steps[i] ?? 1,
    })
  }, call.valueOf(input))
}

/** Positions beyond what numbers hold stand for the ends. */
function bound(at: Dim): Dim {
  return typeof at === 'number'
    ? Math.max(Math.min(at, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)
    : at
}

/** Exporters write large numbers where they mean the end: no size that is left open comes near. */
function isLast(end: Dim, size: Dim): boolean {
  return typeof end === 'number' && end >= (typeof size === 'number' ? size : 10 ** 8)
}

function isAll(start: Dim, end: Dim, size: Dim): boolean {
  return start === 0 && (end === size || isLast(end, size))
}

const expanded: Importer = (call) => {
  const x = call.value(0)
  const target = call.elements(1)
  if (target === undefined) return undefined
  const rank = Math.max(x.shape.length, target.length)
  const size = Array.from({ length: rank }, (_, i) => {
    const [own, asked] = [x.shape[i - rank + x.shape.length] ?? 1, target[i - rank + target.length] ?? 1]
    return asked === 1 ? own : asked
  })
  return sameDims(x.shape, size) ? x : call.emit(expand, [x], { size })
}

/** ONNX's pads hold all starts and then all ends. */
const pad: Importer = (call) => {
  const pads = call.elements(1)
  const value = call.optional(2) === undefined ? 0 : numberOf(call.elements(2)?.[0])
  const mode = PAD_MODES[call.text('mode', 'constant')]
  if (pads === undefined || value === undefined || mode === undefined) return undefined
  const x = call.value(0)
  const isKnown = [...x.shape, ...pads].every((size) => typeof size === 'number')
  if (mode !== 'constant' && !isKnown) return undefined
  const rank = x.shape.length
  const axes = call.optional(3) === undefined ? x.shape.map((_, i) => i) : axesAt(call, 3, rank)
  if (axes === undefined) return undefined
  if (pads.length !== 2 * axes.length) return call.fail(`${2 * axes.length} pads`, `${pads.length}`)
  const both = new Array<Dim>(2 * rank).fill(0)
  for (const [i, axis] of axes.entries()) {
    both[2 * (rank - 1 - axis)] = pads[i] ?? 0
    both[2 * (rank - 1 - axis) + 1] = pads[axes.length + i] ?? 0
  }
  while (both.length > 2 && both.at(-1) === 0 && both.at(-2) === 0) both.splice(-2)
  return mode === 'constant'
    ? call.emit(constantPadNd, [x], { pad: both, value })
    : call.emit(padOp, [x], { pad: both, mode, value: null })
}

/** PyTorch's names for what pads hold. */
const PAD_MODES: Readonly<Record<string, string>> = {
  constant: 'constant',
  edge: 'replicate',
  reflect: 'reflect',
  wrap: 'circular',
}

/** One side of a diagonal. */
const triangular: Importer = (call) => {
  const [diagonal] = call.optional(1) === undefined ? [0] : (call.numbers(1) ?? [])
  if (diagonal === undefined) return undefined
  return call.emit(call.int('upper', 1) === 1 ? triu : tril, [call.value(0)], { diagonal })
}

const constantOfShape: Importer = (call) => {
  const size = call.elements(0)
  const tensor = call.attribute('value')?.t
  const array = tensor && contentOfTensor(tensor)
  const [fillValue = 0] = (array && elementsOf(array)) ?? []
  return size && call.emit(full, [], { size, fillValue, dtype: array?.dtype ?? 'float32' })
}

const tile: Importer = (call) => {
  const repeats = call.elements(1)
  if (repeats === undefined) return undefined
  const x = call.value(0)
  if (repeats.length !== x.shape.length)
    return call.fail(`${x.shape.length} repetitions`, `${repeats.length}`)
  return repeats.reduce<Value>((value, times, dim) => {
    if (times === 1) return value
    const raised = call.emit(unsqueeze, [value], { dim })
    const spread = call.emit(expand, [raised], {
      size: [...value.shape.slice(0, dim), times, ...value.shape.slice(dim)],
    })
    return call.emit(reshape, [spread], {
      shape: value.shape.with(dim, mulDims(value.shape[dim] ?? 1, times)),
    })
  }, x)
}

/** Blocks of channels become blocks of positions. */
const depthToSpace: Importer = (call) => {
  const x = call.value(0)
  const block = call.int('blocksize', 1)
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape
  const each = divideExactly(channels, block * block)
  if (each === undefined || x.shape.length !== 4) return undefined
  const isCrd = call.text('mode', 'DCR') === 'CRD'
  const apart = isCrd
    ? [batch, each, block, block, height, width]
    : [batch, block, block, each, height, width]
  const dims = isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
  const split = call.emit(reshape, [x], { shape: apart })
  const shape = [batch, each, mulDims(height, block), mulDims(width, block)]
  return call.emit(reshape, [call.emit(permute, [split], { dims })], { shape })
}

const spaceToDepth: Importer = (call) => {
  const x = call.value(0)
  const block = call.int('blocksize', 1)
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape
  const [rows, columns] = [divideExactly(height, block), divideExactly(width, block)]
  if (rows === undefined || columns === undefined || x.shape.length !== 4) return undefined
  const split = call.emit(reshape, [x], { shape: [batch, channels, rows, block, columns, block] })
  const moved = call.emit(permute, [split], { dims: [0, 3, 5, 1, 2, 4] })
  return call.emit(reshape, [moved], { shape: [batch, mulDims(channels, block * block), rows, columns] })
}

/** What moves, joins and cuts data. */
export const shape: Readonly<Record<string, Importer>> = {
  Concat: concat,
  ConstantOfShape: constantOfShape,
  DepthToSpace: depthToSpace,
  Expand: expanded,
  Flatten: flatten,
  Pad: pad,
  Reshape: reshapeTo,
  Slice: sliced,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeezed,
  Tile: tile,
  Transpose: transpose,
  Trilu: triangular,
  Unsqueeze: unsqueezed,
}
