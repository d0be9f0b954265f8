import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { blockView } from './blocks.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'
import { fusibleWhen, lowerFused } from './lower-fused.ts'
import { roundToFloat } from './round-to-float.ts'

/** Adding and subtracting it rounds a float32 of magnitude below 2^22 to an integer, half to even, and turns -0 into +0. */
const ROUNDER = 1.5 * 2 ** 23

/** Values of a tensor whose mask is worth two operations of its own. */
const LARGE = 2 ** 17

/** The fused form where it pays, else plain arithmetic. */
export function lowerFakeQuantize(e: Emitter, node: Node<FakeQuantizeAttributes>): readonly string[] {
  const isSafe = fusibleWhen(e, node)
  if (isSafe === undefined) return lowerByArithmetic(e, node)
  const fused = () => [lowerFused(e, node)]
  return [...e.branch(isSafe, fused, () => lowerByArithmetic(e, node).slice(0, 1), ['float32']), '']
}

/** Quantized values by plain arithmetic, in every engine: exact for every input, NaN and infinities included. */
function lowerByArithmetic(e: Emitter, node: Node<FakeQuantizeAttributes>): readonly string[] {
  const shape = node.inputs[0]?.shape ?? []
  const { view, scaleView } = blockView(node.op.name, shape, node.attrs.blocks)
  const [x = '', ...qparams] = e.inputs
  const [scale = '', zeroPoint = '', minval = ''] = qparams.map((name, i) =>
    name === '' ? '' : reshapeNode(e, name, node.inputs[i + 1]?.shape ?? [], scaleView),
  )
  const values = reshapeNode(e, x, shape, view)
  const [result, mask] = quantizeBy(e, node, { values, view, scale, step: scale, zeroPoint, minval })
  const restore = (value: string) => (value === '' ? '' : reshapeNode(e, value, view, shape))
  return [restore(result), restore(mask)]
}

/** The same of values that were multiplied by a factor, the third input, with results that are divided by it: a step of the results is smaller by as much. */
export function lowerScaledFakeQuantize(
  e: Emitter,
  node: Node<FakeQuantizeAttributes>,
): readonly [string, string] {
  const [values = '', scale = '', factor = ''] = e.inputs
  const step = e.op('Div', [scale, factor])
  const view = node.inputs[0]?.shape ?? []
  return quantizeBy(e, node, { values, view, scale, step, zeroPoint: '', minval: '' })
}

/** ONNX names of what takes part, in shapes that broadcast. */
interface Operands {
  readonly values: string
  /** Dimensions of the values. */
  readonly view: Dims
  readonly scale: string
  /** What a step of the results is. */
  readonly step: string
  readonly zeroPoint: string
  readonly minval: string
}

function quantizeBy(
  e: Emitter,
  node: Node<FakeQuantizeAttributes>,
  operands: Operands,
): readonly [string, string] {
  if (node.attrs.dtype.startsWith('float')) return quantizeFloats(e, node, operands)
  if (operands.minval !== '') return quantizeFromMinval(e, node, operands)
  return node.attrs.zeroPoint === null
    ? quantizeShifted(e, node, operands)
    : quantizeCentred(e, node, operands)
}

/**
 * With one zero point for all, everything is shifted by it, and clipping comes before rounding: to the outermost values that still round into the
 * range.
 */
function quantizeCentred(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  { values, view, scale, step }: Operands,
): readonly [string, string] {
  const zeroPoint = attrs.zeroPoint ?? 0
  const ratio = e.op('Div', [values, scale])
  const [low, high] = [lowestInside(attrs.quantMin - zeroPoint), -lowestInside(zeroPoint - attrs.quantMax)]
  const clipped = e.op('Clip', [ratio, e.scalar(low), e.scalar(high)])
  const mask = maskOf(e, clipped, ratio)
  return [e.op('Mul', [rounded(e, { clipped, mask, view }), step]), mask]
}

/** Smallest float32 that rounds, half to even, to an integer or above. */
function lowestInside(bound: number): number {
  return bound % 2 === 0 ? bound - 0.5 : nextAbove(bound - 0.5)
}

function nextAbove(value: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer)
  bits[0] = (bits[0] ?? 0) + (value > 0 ? 1 : -1)
  return new Float32Array(bits.buffer)[0] ?? value
}

function quantizeShifted(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  operands: Operands,
): readonly [string, string] {
  const { values, view, scale } = operands
  const zeroPoint = e.cast(operands.zeroPoint, 'float32')
  const ratio = e.op('Div', [values, scale])
  const shifted = e.op('Sub', [
    e.op('Add', [ratio, e.scalar(ROUNDER)]),
    e.op('Sub', [e.scalar(ROUNDER), zeroPoint]),
  ])
  const clipped = e.op('Clip', [shifted, e.scalar(attrs.quantMin), e.scalar(attrs.quantMax)])
  const mask = maskOf(e, clipped, shifted)
  return [e.op('Mul', [e.op('Sub', [clipped, after(e, { mask, view }, zeroPoint)]), scale]), mask]
}

function quantizeFromMinval(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  { values, view, scale, minval }: Operands,
): readonly [string, string] {
  const ratio = e.op('Div', [e.op('Sub', [values, minval]), scale])
  const steps = attrs.quantMax - attrs.quantMin
  const [low, high] = [lowestInside(0), -lowestInside(-steps)]
  const clipped = e.op('Clip', [ratio, e.scalar(low), e.scalar(high)])
  const mask = maskOf(e, clipped, ratio)
  return [e.op('Add', [e.op('Mul', [rounded(e, { clipped, mask, view }), scale]), minval]), mask]
}

function quantizeFloats(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  { values, view, scale, step }: Operands,
): readonly [string, string] {
  const ratio = e.op('Div', [values, scale])
  const clipped = e.op('Clip', [ratio, e.scalar(attrs.quantMin), e.scalar(attrs.quantMax)])
  const mask = maskOf(e, clipped, ratio)
  return [e.op('Mul', [roundToFloat(e, clipped, attrs.dtype), after(e, { mask, view }, step)]), mask]
}

function rounded(e: Emitter, { clipped, ...mask }: Mask & { readonly clipped: string }): string {
  return e.op('Sub', [e.op('Add', [clipped, after(e, mask, e.scalar(ROUNDER))]), e.scalar(ROUNDER)])
}

interface Mask {
  readonly mask: string
  readonly view: Dims
}

/**
 * A small value that is there only once the mask of a large tensor is. The runtime computes what the gradient needs when the gradient asks for it: until then it
 * would keep what the mask is made of, eight bytes for each value in place of one.
 */
function after(e: Emitter, { mask, view }: Mask, value: string): string {
  const count = view.reduce<number>((product, size) => product * Number(size), 1)
  if (mask === '' || !(count >= LARGE)) return value
  const corner = (at: number) => e.ints(view.map(() => at))
  const first = e.op('Slice', [mask, corner(0), corner(1)])
  return e.op('Where', [first, value, value])
}

/** Where clipping changed nothing; NaN counts as changed. */
function maskOf(e: Emitter, clipped: string, before: string): string {
  return e.uses(1) > 0 ? e.op('Equal', [clipped, before]) : ''
}
