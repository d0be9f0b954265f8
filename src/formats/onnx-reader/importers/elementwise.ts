import type { Attributes } from '../../../ir/attributes.ts'
import { Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { relu6 } from '../../../ops/activation/relu6.ts'
import { abs, sign } from '../../../ops/elementwise/abs.ts'
import { add, sub } from '../../../ops/elementwise/add.ts'
import { clamp } from '../../../ops/elementwise/clamp.ts'
import { eq, ge, gt, le, lt } from '../../../ops/elementwise/comparison.ts'
import { div } from '../../../ops/elementwise/div.ts'
import { erf } from '../../../ops/elementwise/erf.ts'
import { exp } from '../../../ops/elementwise/exp.ts'
import { log } from '../../../ops/elementwise/log.ts'
import { logicalAnd, logicalNot, logicalOr } from '../../../ops/elementwise/logic.ts'
import { maximum, minimum } from '../../../ops/elementwise/minimum.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { neg } from '../../../ops/elementwise/neg.ts'
import { pow } from '../../../ops/elementwise/pow.ts'
import { isinf, isnan } from '../../../ops/elementwise/predicates.ts'
import { reciprocal } from '../../../ops/elementwise/reciprocal.ts'
import { remainder } from '../../../ops/elementwise/remainder.ts'
import { ceil, floor, round } from '../../../ops/elementwise/rounding.ts'
import { rsub } from '../../../ops/elementwise/rsub.ts'
import { cos, sin } from '../../../ops/elementwise/sine.ts'
import { sqrt } from '../../../ops/elementwise/sqrt.ts'
import { to } from '../../../ops/elementwise/to.ts'
import { where } from '../../../ops/elementwise/where.ts'
import { isFloating } from '../../../tensor/dtype.ts'
import { castStored } from '../graph-importer.ts'
import { type Importer, type NodeCall, numberOf } from '../node-call.ts'
import { computedDType, onnxTypeName } from '../onnx-dtypes.ts'
import type { Operand } from '../operand.ts'

/** A function of one tensor without arguments. */
export function unary(op: Operation<Record<never, never>>): Importer {
  return (call) => call.emit(op, [call.value(0)], {})
}

/** A number that an operand is everywhere, so that it can stand among an operation's arguments beside `other`. */
function scalarOf(operand: Operand, other: Operand): number | undefined {
  const { elements, shape } = operand
  if (elements?.length !== 1 || shape.length > other.shape.length || operand.dtype !== other.dtype)
    return undefined
  return numberOf(elements[0])
}

/** An operation of two tensors, or a tensor and a number; `swapped` makes it of a number and a tensor. */
function binary<A extends Attributes>(
  op: Operation<A>,
  attrs: (other: number | undefined) => A,
  swapped: (call: NodeCall, number: number, x: Value) => Value | undefined,
): Importer {
  return (call) => {
    const [a, b] = [call.input(0), call.input(1)]
    const right = scalarOf(b, a)
    if (right !== undefined) return call.emit(op, [call.valueOf(a)], attrs(right))
    const left = scalarOf(a, b)
    const result = left === undefined ? undefined : swapped(call, left, call.valueOf(b))
    return result ?? call.emit(op, [operandOf(call, a), operandOf(call, b)], attrs(undefined))
  }
}

function operandOf(call: NodeCall, operand: Operand): Value {
  return call.importer.state(operand, 'constant', call.modulePath)
}

const withAlpha = (other: number | undefined) => (other === undefined ? { alpha: 1 } : { other, alpha: 1 })
const plain = (other: number | undefined): { other?: number } => (other === undefined ? {} : { other })
const never = () => undefined

/** Integers are divided toward zero. */
const divide: Importer = (call) => {
  const isInteger = !isFloating(call.input(0).dtype)
  const roundingMode = isInteger ? ('trunc' as const) : null
  const attrs = (other: number | undefined) => ({ ...plain(other), roundingMode })
  return binary(div, attrs, never)(call)
}

const power: Importer = (call) => {
  const exponent = call.elements(1)?.length === 1 ? numberOf(call.elements(1)?.[0]) : undefined
  if (exponent !== undefined && call.input(1).shape.length <= call.input(0).shape.length)
    return call.emit(pow, [call.value(0)], { exponent })
  return call.emit(pow, [call.value(0), call.value(1)], {})
}

/** The smallest or largest of any number of tensors. */
function extremum(op: Operation<Record<never, never>>, bound: 'min' | 'max'): Importer {
  return (call) => {
    const [first, ...others] = Array.from({ length: call.inputCount }, (_, i) => call.input(i))
    if (first === undefined) return undefined
    const limit = others.length === 1 && others[0] !== undefined ? scalarOf(others[0], first) : undefined
    if (limit !== undefined)
      return call.emit(clamp, [call.valueOf(first)], {
        min: null,
        max: null,
        [bound === 'min' ? 'max' : 'min']: limit,
      })
    return others.reduce((a, b) => call.emit(op, [a, call.valueOf(b)], {}), call.valueOf(first))
  }
}

const clip: Importer = (call) => {
  const [min, max] = [boundOf(call, 1), boundOf(call, 2)]
  if (min === undefined || max === undefined) return undefined
  if (min === 0 && max === 6 && isFloating(call.input(0).dtype)) return call.emit(relu6, [call.value(0)], {})
  return call.emit(clamp, [call.value(0)], { min, max })
}

/** A limit; null where there is none, undefined where it is computed. */
function boundOf(call: NodeCall, index: number): number | null | undefined {
  if (call.optional(index) === undefined) return null
  const value = numberOf(call.elements(index)?.[0])
  return value !== undefined && Math.abs(value) >= 3.4e38 ? null : value
}

const cast: Importer = (call) => {
  const number = call.int('to', 0)
  const dtype = computedDType(number) ?? call.fail('a type of numbers', onnxTypeName(number))
  const input = call.input(0)
  if (input.dtype === dtype) return input
  if (input.stored !== undefined) return castStored(input, input.stored, dtype, call.outputName)
  return call.emit(to, [call.valueOf(input)], { dtype })
}

const castLike: Importer = (call) => call.emit(to, [call.value(0)], { dtype: call.input(1).dtype })

const select: Importer = (call) => call.emit(where, [call.value(0), call.value(1), call.value(2)], {})

const total: Importer = (call) => {
  const values = Array.from({ length: call.inputCount }, (_, i) => call.value(i))
  return values.reduce((a, b) => call.emit(add, [a, b], { alpha: 1 }))
}

/** The mean of any number of tensors. */
const average: Importer = (call) => {
  const sum = total(call)
  return sum instanceof Value && call.inputCount > 1
    ? call.emit(mul, [sum], { other: 1 / call.inputCount })
    : sum
}

/** Infinite in either direction. */
const infinite: Importer = (call) =>
  call.int('detect_negative', 1) === 1 && call.int('detect_positive', 1) === 1
    ? call.emit(isinf, [call.value(0)], {})
    : undefined

/** Rounded down, as PyTorch's; toward zero it is another operator. */
const modulo: Importer = (call) =>
  call.int('fmod', 0) === 1 ? undefined : binary(remainder, plain, never)(call)

const tangent: Importer = (call) => {
  const x = call.value(0)
  return call.emit(div, [call.emit(sin, [x], {}), call.emit(cos, [x], {})], { roundingMode: null })
}

/** One of two, and not both. */
const exclusiveOr: Importer = (call) => {
  const operands = [call.value(0), call.value(1)]
  const both = call.emit(logicalAnd, operands, {})
  return call.emit(logicalAnd, [call.emit(logicalOr, operands, {}), call.emit(logicalNot, [both], {})], {})
}

/** The values as they are: whatever stands for them. */
const same: Importer = (call) => call.input(0)

const dropout: Importer = (call) =>
  call.node.output.slice(1).some((name) => name !== '') ? undefined : call.input(0)

/** Sums, products, functions of each element, comparisons, choices and casts. */
export const elementwise: Readonly<Record<string, Importer>> = {
  Abs: unary(abs),
  Add: binary(add, withAlpha, (call, other, x) => call.emit(add, [x], { other, alpha: 1 })),
  And: binary(logicalAnd, () => ({}), never),
  Cast: cast,
  CastLike: castLike,
  Ceil: unary(ceil),
  Clip: clip,
  Cos: unary(cos),
  Div: divide,
  Dropout: dropout,
  Equal: (call) => (call.input(0).dtype === 'bool' ? undefined : binary(eq, plain, never)(call)),
  Erf: unary(erf),
  Exp: unary(exp),
  Floor: unary(floor),
  Greater: binary(gt, plain, never),
  GreaterOrEqual: binary(ge, plain, never),
  Identity: same,
  IsInf: infinite,
  IsNaN: unary(isnan),
  Less: binary(lt, plain, never),
  LessOrEqual: binary(le, plain, never),
  Log: unary(log),
  Max: extremum(maximum, 'max'),
  Mean: average,
  Min: extremum(minimum, 'min'),
  Mod: modulo,
  Mul: binary(mul, plain, (call, other, x) => call.emit(mul, [x], { other })),
  Neg: unary(neg),
  Not: unary(logicalNot),
  Or: binary(logicalOr, () => ({}), never),
  Pow: power,
  Reciprocal: unary(reciprocal),
  Round: unary(round),
  Sign: unary(sign),
  Sin: unary(sin),
  Sqrt: unary(sqrt),
  Sub: binary(sub, withAlpha, (call, other, x) => call.emit(rsub, [x], { other, alpha: 1 })),
  Sum: total,
  Tan: tangent,
  Where: select,
  Xor: exclusiveOr,
}
