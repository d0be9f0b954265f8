import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { microscale } from './microscale.ts'

/** `targetExponent`: for scales that are powers of two, the exponent of the largest power that the element dtype holds; else null. */
export type RangeToQParamsAttributes = {
  readonly quantMin: number
  readonly quantMax: number
  readonly symmetric: boolean
  readonly targetExponent: number | null
  /** Dtype of the scale and of minval; they are rounded to the ranges' dtype in any case. */
  readonly dtype: DType
}

/** No scale is smaller. */
export const MIN_SCALE: number = 2 ** -23

const NAME = 'lowbit.range_to_qparams'

/**
 * Scale, zero point (int32) and minval for ranges that contain 0; scales that are powers of two stand alone. Symmetric: scale = max(-min, max) / ((quantMax - quantMin) / 2),
 * asymmetric: scale = (max - min) / (quantMax - quantMin) and zero point = quantMin - round(min / scale); rounding is half to even, every
 * step is rounded to the ranges' dtype.
 */
export const rangeToQParams: Operation<RangeToQParamsAttributes> = defineOp({
  name: NAME,
  infer(inputs, { dtype, targetExponent }) {
    const { shape } = floatingAt(NAME, inputs, 0)
    const scale: TensorType = { shape, dtype }
    return targetExponent === null ? [scale, { shape, dtype: 'int32' }, scale] : [scale]
  },
  gradient: 'none',
  lower(e, node) {
    const [min = '', max = ''] = e.inputs
    const { symmetric, targetExponent } = node.attrs
    if (targetExponent !== null)
      return [microscale(e, e.op('Max', [e.op('Neg', [min]), max]), targetExponent)]
    const scale = symmetric ? symmetricScale(e, node) : asymmetricScale(e, node)
    const zeroPoint = e.uses(1) > 0 ? (symmetric ? middle(e, node) : asymmetricZeroPoint(e, node, scale)) : ''
    const minval = e.uses(2) > 0 ? (symmetric ? e.op('Min', [min, e.op('Neg', [max])]) : min) : ''
    return [scale, zeroPoint, minval]
  },
})

/** Zero point of the symmetric schemes: 0 for signed dtypes, the middle of the range for unsigned ones. */
export function symmetricZeroPoint(quantMin: number, quantMax: number): number {
  return Math.trunc((quantMax + quantMin + 1) / 2)
}

/** The scale of a symmetric range up to the largest magnitude, as the operation computes it in float32. */
export function symmetricScaleOf(largest: number, quantMin: number, quantMax: number): number {
  return Math.max(Math.fround(largest / ((quantMax - quantMin) / 2)), MIN_SCALE)
}

/** Dividing by the negative turns the sign of the minimum round, exactly; the larger quotient is the quotient of the larger bound. */
function symmetricScale(e: Emitter, node: Node<RangeToQParamsAttributes>): string {
  const [min = '', max = ''] = e.inputs
  const { quantMin, quantMax } = node.attrs
  const half = (quantMax - quantMin) / 2
  const quotient = (bound: string, by: number) => rounded(e, node, e.op('Div', [bound, e.scalar(by)]))
  return e.op('Max', [quotient(min, -half), quotient(max, half), e.scalar(MIN_SCALE)])
}

function asymmetricScale(e: Emitter, node: Node<RangeToQParamsAttributes>): string {
  const [min = '', max = ''] = e.inputs
  const { quantMin, quantMax } = node.attrs
  const extent = rounded(e, node, e.op('Sub', [max, min]))
  return e.op('Max', [
    rounded(e, node, e.op('Div', [extent, e.scalar(quantMax - quantMin)])),
    e.scalar(MIN_SCALE),
  ])
}

function asymmetricZeroPoint(e: Emitter, node: Node<RangeToQParamsAttributes>, scale: string): string {
  const { quantMin, quantMax } = node.attrs
  const steps = e.op('Round', [rounded(e, node, e.op('Div', [e.inputs[0] ?? '', scale]))])
  const zeroPoint = e.op('Clip', [
    e.op('Sub', [e.scalar(quantMin), steps]),
    e.scalar(quantMin),
    e.scalar(quantMax),
  ])
  return e.cast(zeroPoint, 'int32')
}

function middle(
  e: Emitter,
  { attrs: { quantMin, quantMax }, outputs: [scale] }: Node<RangeToQParamsAttributes>,
): string {
  const value = e.scalar(symmetricZeroPoint(quantMin, quantMax), 'int32')
  return e.op('Expand', [value, e.shape(scale?.shape ?? [])])
}

function rounded(e: Emitter, { inputs: [min] }: Node<RangeToQParamsAttributes>, value: string): string {
  return min && min.dtype !== 'float32' ? e.cast(value, min.dtype) : value
}
