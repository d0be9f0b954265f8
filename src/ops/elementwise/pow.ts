import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType, type Node, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { full } from '../creation/full.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, promoteScalar } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { add, times } from './add.ts'
import { inferBinary, operandNames } from './binary.ts'
import { eq, ge } from './comparison.ts'
import { log } from './log.ts'
import { logicalAnd } from './logic.ts'
import { mul } from './mul.ts'
import { where } from './where.ts'

/** A number as the exponent of a tensor, or as the base of one; neither of them for two tensors. */
type PowAttributes = { readonly exponent?: number; readonly self?: number }

/** Elementwise power, broadcasting. Gradients are 0 where the factor in front of them is: at exponent 0, and at base 0 for the exponent. */
export const pow: Operation<PowAttributes> = defineOp({
  name: 'aten.pow',
  infer: (inputs, attrs) => [inferPow(inputs, attrs)],
  gradient({ inputs: [a, b], outputs: [y], gradients: [g], attrs: { exponent, self }, needs }) {
    if (!a || !y || !g) return [null]
    if (exponent !== undefined) return [gradientOfPower(g, a, exponent)]
    if (self !== undefined) return [gradientOfExponential(g, a, y, self)]
    if (!b) return [null]
    return [
      needs(0) ? sumTo(gradientOfBase(g, a, b), a.shape) : null,
      needs(1) ? sumTo(gradientOfExponent(g, a, b, y), b.shape) : null,
    ]
  },
  lower: (e, node) => [lowerPow(e, node)],
  mil(e, { outputs: [y], attrs: { exponent, self } }) {
    const dtype = y?.dtype ?? 'float32'
    const x = e.cast(e.input(0), dtype)
    if (self !== undefined) return [e.op('pow', { x: e.scalar(self, dtype), y: x })]
    return [
      e.op('pow', { x, y: exponent === undefined ? e.cast(e.input(1), dtype) : e.scalar(exponent, dtype) }),
    ]
  },
})

function inferPow(inputs: readonly (TensorType | null)[], { exponent, self }: PowAttributes): TensorType {
  const first = inputAt('aten.pow', inputs, 0)
  const number = exponent ?? self
  if (number === undefined) return inferBinary('aten.pow', inputs, {})
  if (inputs[1] || (exponent !== undefined && self !== undefined)) {
    throw new TypeError('Cannot record "aten.pow": expected a base and an exponent, got three operands')
  }
  if (exponent !== undefined && exponent < 0 && !isFloating(promoteScalar(first.dtype, exponent))) {
    throw new RangeError(
      `Cannot record "aten.pow": expected an exponent of at least 0 for ${formatType(first)}, got ${exponent}`,
    )
  }
  return { shape: first.shape, dtype: promoteScalar(first.dtype, number) }
}

function gradientOfPower(g: Value, x: Value, exponent: number): Value {
  if (exponent === 0) return emit(full, [], { size: x.shape, fillValue: 0, dtype: x.dtype })
  if (exponent === 1) return g
  const slope = exponent === 2 ? x : emit(pow, [x], { exponent: exponent - 1 })
  return emit(mul, [times(g, exponent), slope], {})
}

function gradientOfBase(g: Value, a: Value, b: Value): Value {
  const slope = emit(mul, [b, emit(pow, [a, emit(add, [b], { other: -1, alpha: 1 })], {})], {})
  return unless(emit(eq, [b], { other: 0 }), emit(mul, [g, slope], {}))
}

function gradientOfExponent(g: Value, a: Value, b: Value, y: Value): Value {
  const slope = emit(mul, [y, emit(log, [a], {})], {})
  const flat = emit(logicalAnd, [emit(eq, [a], { other: 0 }), emit(ge, [b], { other: 0 })], {})
  return unless(flat, emit(mul, [g, slope], {}))
}

function gradientOfExponential(g: Value, x: Value, y: Value, base: number): Value {
  const slope = emit(mul, [g, times(y, Math.log(base))], {})
  return base === 0 ? unless(emit(ge, [x], { other: 0 }), slope) : slope
}

/** 0 where the condition holds. */
function unless(condition: Value, value: Value): Value {
  const zero = emit(full, [], { size: [], fillValue: 0, dtype: value.dtype })
  return emit(where, [condition, zero, value], {})
}

function lowerPow(e: Emitter, node: Node<PowAttributes>): string {
  const { inputs, outputs, attrs } = node
  const dtype = outputs[0]?.dtype ?? 'float32'
  if (attrs.self !== undefined) {
    const [exponent] = operandNames(e, e.inputs, inputs, { other: 0 }, dtype)
    return e.op('Pow', [e.scalar(attrs.self, dtype), exponent])
  }
  const number = attrs.exponent
  const [base, exponent] = operandNames(
    e,
    e.inputs,
    inputs,
    number === undefined ? {} : { other: number },
    dtype,
  )
  switch (number) {
    case 1:
      return base
    case 2:
      return e.op('Mul', [base, base])
    case 3:
      return e.op('Mul', [e.op('Mul', [base, base]), base])
    case 0.5:
      return e.op('Sqrt', [base])
    case -1:
      return e.op('Reciprocal', [base])
    case -0.5:
      return e.op('Reciprocal', [e.op('Sqrt', [base])])
    default:
      return e.op('Pow', [base, exponent])
  }
}
