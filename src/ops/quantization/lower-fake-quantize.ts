import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { blockView } from './blocks.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'
import { fusibleWhen, lowerFused } from './lower-fused.ts'
import { roundToFloat } from './round-to-float.ts'

/** Adding and subtracting it rounds a float32 of magnitude below 2^22 to an integer, half to even, and turns -0 into +0. */
const ROUNDER = 1.5 * 2 ** 23

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
  const [result, mask] = quantizeBy(e, node, { values, scale, zeroPoint, minval })
  const restore = (value: string) => (value === '' ? '' : reshapeNode(e, value, view, shape))
  return [restore(result), restore(mask)]
}

/** ONNX names of what takes part, in shapes that broadcast. */
interface Operands {
  readonly values: string
  readonly scale: string
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
  { values, scale }: Operands,
): readonly [string, string] {
  const zeroPoint = attrs.zeroPoint ?? 0
  const ratio = e.op('Div', [values, scale])
  const [low, high] = [lowestInside(attrs.quantMin - zeroPoint), -lowestInside(zeroPoint - attrs.quantMax)]
  const clipped = e.op('Clip', [ratio, e.scalar(low), e.scalar(high)])
  const rounded = e.op('Sub', [e.op('Add', [clipped, e.scalar(ROUNDER)]), e.scalar(ROUNDER)])
  return [e.op('Mul', [rounded, scale]), maskOf(e, clipped, ratio)]
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
  const { values, scale } = operands
  const zeroPoint = e.cast(operands.zeroPoint, 'float32')
  const ratio = e.op('Div', [values, scale])
  const shifted = e.op('Sub', [
    e.op('Add', [ratio, e.scalar(ROUNDER)]),
    e.op('Sub', [e.scalar(ROUNDER), zeroPoint]),
  ])
  const clipped = e.op('Clip', [shifted, e.scalar(attrs.quantMin), e.scalar(attrs.quantMax)])
  return [e.op('Mul', [e.op('Sub', [clipped, zeroPoint]), scale]), maskOf(e, clipped, shifted)]
}

function quantizeFromMinval(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  { values, scale, minval }: Operands,
): readonly [string, string] {
  const ratio = e.op('Div', [e.op('Sub', [values, minval]), scale])
  const steps = attrs.quantMax - attrs.quantMin
  const [low, high] = [lowestInside(0), -lowestInside(-steps)]
  const clipped = e.op('Clip', [ratio, e.scalar(low), e.scalar(high)])
  const rounded = e.op('Sub', [e.op('Add', [clipped, e.scalar(ROUNDER)]), e.scalar(ROUNDER)])
  return [e.op('Add', [e.op('Mul', [rounded, scale]), minval]), maskOf(e, clipped, ratio)]
}

function quantizeFloats(
  e: Emitter,
  { attrs }: Node<FakeQuantizeAttributes>,
  { values, scale }: Operands,
): readonly [string, string] {
  const ratio = e.op('Div', [values, scale])
  const clipped = e.op('Clip', [ratio, e.scalar(attrs.quantMin), e.scalar(attrs.quantMax)])
  return [e.op('Mul', [roundToFloat(e, clipped, attrs.dtype), scale]), maskOf(e, clipped, ratio)]
}

/** Where clipping changed nothing; NaN counts as changed. */
function maskOf(e: Emitter, clipped: string, before: string): string {
  return e.uses(1) > 0 ? e.op('Equal', [clipped, before]) : ''
}
