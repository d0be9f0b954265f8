import type { Emitter } from '../../ir/emitter.ts'
import { emit, type Node, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { full } from '../creation/full.ts'
import { defineOp } from '../define-op.ts'
import { sumTo } from '../reduction/sum.ts'
import { times } from './add.ts'
import { inferBinary, milOperands, operands, type ScalarOperand } from './binary.ts'
import { mul } from './mul.ts'

/** How a quotient is rounded to an integer: not at all, toward negative infinity, or toward 0. */
export type DivAttributes = ScalarOperand & { readonly roundingMode: 'floor' | 'trunc' | null }

/** Elementwise quotient, broadcasting. Without rounding integers give float32; with rounding the gradient is 0. */
export const div: Operation<DivAttributes> = defineOp({
  name: 'aten.div',
  infer: (inputs, attrs) => [inferQuotient(inputs, attrs)],
  gradient({ inputs: [a, b], outputs: [y], gradients: [g], attrs, needs }) {
    if (!a || !y || !g) return [null]
    if (attrs.roundingMode !== null) return [a, b].map((x, i) => (x && needs(i) ? zerosLike(x) : null))
    const ga = emit(div, b ? [g, b] : [g], attrs)
    return [needs(0) ? sumTo(ga, a.shape) : null, b && needs(1) ? divisorGradient(g, y, b) : null]
  },
  lower(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const [a, b] = operands(e, node, dtype)
    const { roundingMode } = node.attrs
    if (roundingMode === null) return [e.op('Div', [a, b])]
    if (!isFloating(dtype)) return [roundingMode === 'trunc' ? e.op('Div', [a, b]) : floorIntegers(e, a, b)]
    return [roundingMode === 'trunc' ? truncate(e, e.op('Div', [a, b])) : floorFloats(e, node, a, b)]
  },
  mil(e, node) {
    const dtype = node.outputs[0]?.dtype ?? 'float32'
    const pair = milOperands(e, node, dtype)
    const { roundingMode } = node.attrs
    if (roundingMode === 'trunc')
      return e.refuse('a quotient that is not rounded, or down', 'roundingMode "trunc"')
    return [e.op(roundingMode === null ? 'real_div' : 'floor_div', pair)]
  },
})

/** -sum(g y) / b: divided behind the sum, which is smaller where the divisor is. */
function divisorGradient(g: Value, y: Value, b: Value): Value {
  return emit(div, [times(sumTo(emit(mul, [g, y], {}), b.shape), -1), b], { roundingMode: null })
}

function inferQuotient(inputs: readonly (TensorType | null)[], attrs: DivAttributes): TensorType {
  const { roundingMode, other } = attrs
  if (roundingMode !== null && roundingMode !== 'floor' && roundingMode !== 'trunc') {
    throw new RangeError(
      `Cannot record "aten.div": expected roundingMode null, "floor" or "trunc", got ${JSON.stringify(roundingMode)}`,
    )
  }
  const { shape, dtype } = inferBinary('aten.div', inputs, attrs)
  if (isFloating(dtype)) return { shape, dtype }
  if (roundingMode !== null && other === 0) {
    throw new RangeError(`Cannot record "aten.div": expected a divisor other than 0 for ${dtype}, got 0`)
  }
  return { shape, dtype: roundingMode === null ? 'float32' : dtype }
}

function zerosLike({ shape, dtype }: TensorType): Value {
  return emit(full, [], { size: shape, fillValue: 0, dtype })
}

/** ONNX's Mod of integers has the divisor's sign, so what is left divides exactly. */
function floorIntegers(e: Emitter, a: string, b: string): string {
  return e.op('Div', [e.op('Sub', [a, e.op('Mod', [a, b])]), b])
}

function truncate(e: Emitter, quotient: string): string {
  return e.op('Mul', [e.op('Sign', [quotient]), e.op('Floor', [e.op('Abs', [quotient])])])
}

/**
 * The floor of the exact quotient, which the rounded quotient may lie above: 1 // 0.1 is 9. Takes the remainder off first, as
 * Python and PyTorch do; a division by 0 keeps its infinity.
 */
function floorFloats(e: Emitter, { attrs }: Node<DivAttributes>, a: string, b: string): string {
  const remainder = e.op('Mod', [a, b], { fmod: 1 })
  const whole = e.op('Round', [e.op('Div', [e.op('Sub', [a, remainder]), b])])
  const signs = e.op('Mul', [e.op('Sign', [remainder]), e.op('Sign', [b])])
  const floored = e.op('Sub', [whole, e.cast(e.op('Less', [signs, e.scalar(0)]), 'float32')])
  if (attrs.other !== undefined && attrs.other !== 0) return floored
  return e.op('Where', [e.op('Equal', [b, e.scalar(0)]), e.op('Div', [a, b]), floored])
}
