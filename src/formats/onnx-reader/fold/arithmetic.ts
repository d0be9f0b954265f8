import { addDims, type Dim, dimsEqual, floorDivDims, mulDims, subDims } from '../../../ir/dim.ts'
import { type DType, dtypeInfo, isFloating } from '../../../tensor/dtype.ts'

/** A function of two elements; undefined where the result cannot be told. */
export type ElementFunction = (a: Dim, b: Dim) => Dim | undefined

/** A number of a dtype: floats as float32 holds them. */
export function rounded(value: Dim, dtype: DType): Dim {
  return typeof value === 'number' && isFloating(dtype) ? Math.fround(value) : value
}

/** Functions of two elements by ONNX's name, for a dtype of the operands. */
export function elementFunction(type: string, dtype: DType): ElementFunction | undefined {
  const isFloat = isFloating(dtype)
  switch (type) {
    case 'Add':
      return addDims
    case 'Sub':
      return subDims
    case 'Mul':
      return (a, b) => (whole(a) && whole(b) ? mulDims(a, b) : onNumbers((x, y) => x * y)(a, b))
    case 'Div':
      return isFloat ? quotient : onSizes((a, b) => (b === 0 ? undefined : truncated(a, b)))
    case 'Mod':
      return onNumbers((x, y) => x - Math.floor(x / y) * y)
    case 'Pow':
      return onNumbers((x, y) => x ** y)
    case 'Min':
      return onNumbers(Math.min)
    case 'Max':
      return onNumbers(Math.max)
    case 'Equal':
      return (a, b) => (dimsEqual(a, b) ? 1 : unequal(a, b))
    case 'Greater':
      return onNumbers((x, y) => Number(x > y))
    case 'GreaterOrEqual':
      return onNumbers((x, y) => Number(x >= y))
    case 'Less':
      return onNumbers((x, y) => Number(x < y))
    case 'LessOrEqual':
      return onNumbers((x, y) => Number(x <= y))
    case 'And':
      return onNumbers((x, y) => Number(x !== 0 && y !== 0))
    case 'Or':
      return onNumbers((x, y) => Number(x !== 0 || y !== 0))
    default:
      return undefined
  }
}

/** Functions of one element by ONNX's name. */
export const UNARY: Readonly<Record<string, (value: number) => number>> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  Not: (x) => (x === 0 ? 1 : 0),
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
  Log: Math.log,
}

/** Whether results of comparisons: their dtype is bool. */
export const COMPARES: ReadonlySet<string> = new Set([
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'And',
  'Or',
  'Not',
])

/** Sizes that are expressions are at least 0, and -1 stands for none of them. */
function unequal(a: Dim, b: Dim): Dim | undefined {
  const isSize = (dim: Dim) => typeof dim !== 'number'
  if (!isSize(a) && !isSize(b)) return 0
  const [size, other] = isSize(a) ? [a, b] : [b, a]
  return isSize(size) && typeof other === 'number' && other < 0 ? 0 : undefined
}

function quotient(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a / b
  return undefined
}

function truncated(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0
  return floorDivDims(a, b)
}

function whole(dim: Dim): boolean {
  return typeof dim !== 'number' || Number.isInteger(dim)
}

function onNumbers(body: (a: number, b: number) => number): ElementFunction {
  return (a, b) => (typeof a === 'number' && typeof b === 'number' ? body(a, b) : undefined)
}

function onSizes(body: ElementFunction): ElementFunction {
  return (a, b) => (whole(a) && whole(b) ? body(a, b) : undefined)
}

/** A number as a cast makes it. */
export function castElement(value: Dim, from: DType, to: DType): Dim {
  if (typeof value !== 'number') return value
  if (to === 'bool') return value === 0 ? 0 : 1
  if (isFloating(to)) return Math.fround(value)
  return isFloating(from) || dtypeInfo(to).bits < dtypeInfo(from).bits ? Math.trunc(value) + 0 : value
}
