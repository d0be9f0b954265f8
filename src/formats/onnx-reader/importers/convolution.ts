import type { Dims } from '../../../ir/dim.ts'
import { subDims } from '../../../ir/dim.ts'
import type { Value } from '../../../ir/node.ts'
import { conv1d, conv2d, conv3d } from '../../../ops/convolution/conv.ts'
import { convTranspose1d, convTranspose2d, convTranspose3d } from '../../../ops/convolution/conv-transpose.ts'
import { constantPadNd } from '../../../ops/shape/pad.ts'
import { slice } from '../../../ops/shape/slice.ts'
import type { Importer, NodeCall } from '../node-call.ts'

const CONVS = [conv1d, conv2d, conv3d]
const TRANSPOSED = [convTranspose1d, convTranspose2d, convTranspose3d]

/** Pads before and after each spatial dimension, in ONNX's order; undefined where they depend on a size that is not known. */
export function padsOf(call: NodeCall, sizes: Dims, kernel: readonly number[]): number[] | undefined {
  const rank = kernel.length
  const mode = call.text('auto_pad', 'NOTSET')
  if (mode === 'NOTSET')
    return checked(call, 'pads', call.ints('pads') ?? new Array<number>(2 * rank).fill(0), 2 * rank)
  if (mode === 'VALID') return new Array<number>(2 * rank).fill(0)
  const [strides, dilations] = [perAxis(call, 'strides', rank), perAxis(call, 'dilations', rank)]
  const totals = sizes.map((size, i) => {
    const [stride = 1, dilation = 1] = [strides[i], dilations[i]]
    const reach = ((kernel[i] ?? 1) - 1) * dilation + 1
    if (stride === 1) return reach - 1
    if (typeof size !== 'number') return undefined
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size)
  })
  if (!totals.every((total) => total !== undefined)) return undefined
  const less = totals.map((total) => Math.floor(total / 2))
  const more = totals.map((total) => Math.ceil(total / 2))
  return mode === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more]
}

/** A list with an entry for each spatial dimension, 1 everywhere by default. */
export function perAxis(call: NodeCall, name: string, rank: number): number[] {
  return checked(call, name, call.ints(name) ?? new Array<number>(rank).fill(1), rank)
}

function checked(call: NodeCall, name: string, list: number[], length: number): number[] {
  return list.length === length ? list : call.fail(`${length} numbers as ${name}`, `[${list.join(', ')}]`)
}

/** Adds different amounts on two sides, as an operation of its own. */
export function padded(call: NodeCall, x: Value, pads: readonly number[], value: number): Value {
  const rank = pads.length / 2
  const pad = Array.from({ length: rank }, (_, i) => [
    pads[rank - 1 - i] ?? 0,
    pads[2 * rank - 1 - i] ?? 0,
  ]).flat()
  return call.emit(constantPadNd, [x], { pad, value })
}

/** Whether the two sides of every dimension get the same. */
export function isEven(pads: readonly number[]): boolean {
  const rank = pads.length / 2
  return pads.slice(0, rank).every((pad, i) => pad === pads[rank + i] && pad >= 0)
}

const conv: Importer = (call) => {
  const x = call.value(0)
  const weight = call.state(1, 'weight')
  const kernel = weight.shape.slice(2).map(Number)
  const op = CONVS[kernel.length - 1]
  const pads = padsOf(call, x.shape.slice(2), kernel)
  if (op === undefined || pads === undefined || kernel.some(Number.isNaN)) return undefined
  const even = isEven(pads)
  const input = even ? x : padded(call, x, pads, 0)
  return call.emit(op, [input, weight, call.optionalState(2, 'bias')], {
    stride: perAxis(call, 'strides', kernel.length),
    padding: even ? pads.slice(0, kernel.length) : kernel.map(() => 0),
    dilation: perAxis(call, 'dilations', kernel.length),
    groups: call.int('group', 1),
  })
}

/** What is cut from one side more than from the other is cut afterwards. */
const convTranspose: Importer = (call) => {
  const weight = call.state(1, 'weight')
  const kernel = weight.shape.slice(2).map(Number)
  const rank = kernel.length
  const op = TRANSPOSED[rank - 1]
  if (
    op === undefined ||
    call.has('output_shape') ||
    !['NOTSET', 'VALID'].includes(call.text('auto_pad', 'NOTSET'))
  )
    return undefined
  const x = call.value(0)
  const pads = padsOf(call, x.shape.slice(2), kernel) ?? []
  const padding = kernel.map((_, i) => Math.min(pads[i] ?? 0, pads[rank + i] ?? 0))
  const outputPadding = call.has('output_padding')
    ? perAxis(call, 'output_padding', rank)
    : kernel.map(() => 0)
  const y = call.emit(op, [x, weight, call.optionalState(2, 'bias')], {
    stride: perAxis(call, 'strides', rank),
    padding,
    outputPadding,
    groups: call.int('group', 1),
    dilation: perAxis(call, 'dilations', rank),
  })
  return padding.reduce(
    (result, pad, i) => cut(call, result, i + 2, (pads[i] ?? 0) - pad, (pads[rank + i] ?? 0) - pad),
    y,
  )
}

function cut(call: NodeCall, x: Value, dim: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  const end = after === 0 ? null : subDims(x.shape[dim] ?? 0, after)
  return call.emit(slice, [x], { dim, start: before, end, step: 1 })
}

/** Convolutions. */
export const convolution: Readonly<Record<string, Importer>> = { Conv: conv, ConvTranspose: convTranspose }
