import { type Dim, isConcrete } from '../../../ir/dim.ts'
import { sizeOf } from '../../../tensor/shape.ts'
import type { NodeCall } from '../node-call.ts'
import { computedDType } from '../onnx-dtypes.ts'
import { elementsOf, MAX_KNOWN_ELEMENTS, type Operand } from '../operand.ts'
import { contentOfTensor } from '../tensor-content.ts'
import { COMPARES, castElement, elementFunction, rounded, UNARY } from './arithmetic.ts'
import type { Content } from './content.ts'
import { commonShape, permuted, pick, spread } from './layout.ts'

/** The result of a node whose result follows from sizes and small constants alone; undefined for any other. */
export function folded(call: NodeCall): Content | undefined {
  const { opType, input } = call.node
  if (opType === 'Shape') return shapeOf(call)
  if (opType === 'Size') return sizeContent(call)
  const contents = input.map((name, i) => (name === '' ? null : contentOf(call.optional(i))))
  if (contents.length === 0 || contents.includes(undefined)) return undefined
  const known = contents.map((content) => content ?? undefined)
  const result = byName(call, known)
  return result !== undefined && result.elements.length <= MAX_KNOWN_ELEMENTS ? result : undefined
}

function contentOf(operand: Operand | undefined): Content | undefined {
  if (operand?.elements === undefined || !isConcrete(operand.shape)) return undefined
  return { shape: operand.shape, dtype: operand.dtype, elements: operand.elements }
}

type Known = readonly (Content | undefined)[]

function byName(call: NodeCall, known: Known): Content | undefined {
  const rule = RULES[call.node.opType]
  if (rule !== undefined) return rule(call, known)
  const [a, b] = known
  if (a === undefined) return undefined
  const unary = UNARY[call.node.opType]
  if (unary !== undefined && b === undefined) return mapped(call.node.opType, a, unary)
  return combined(call.node.opType, known)
}

type Rule = (call: NodeCall, known: Known) => Content | undefined

const RULES: Readonly<Record<string, Rule | undefined>> = Object.assign(Object.create(null), {
  Identity: (_: NodeCall, [a]: Known) => a,
  Cast: castContent,
  Concat: concatenated,
  ConstantOfShape: filled,
  Expand: expanded,
  Gather: gathered,
  Range: counted,
  ReduceProd: product,
  Reshape: reshaped,
  Slice: sliced,
  Squeeze: squeezed,
  Transpose: (call: NodeCall, [a]: Known) =>
    a && permuted(a, call.ints('perm') ?? a.shape.map((_, i) => a.shape.length - 1 - i)),
  Unsqueeze: unsqueezed,
  Where: chosen,
} satisfies Record<string, Rule | undefined>)

function shapeOf(call: NodeCall): Content | undefined {
  const { shape } = call.input(0)
  const elements = shape.slice(call.int('start', 0), call.has('end') ? call.int('end', 0) : undefined)
  return { shape: [elements.length], dtype: 'int64', elements }
}

function sizeContent(call: NodeCall): Content | undefined {
  const { shape } = call.input(0)
  return isConcrete(shape) ? { shape: [], dtype: 'int64', elements: [sizeOf(shape)] } : undefined
}

function mapped(type: string, a: Content, unary: (value: number) => number): Content | undefined {
  if (!isConcrete(a.elements)) return undefined
  const elements = a.elements.map((value) => rounded(unary(value), a.dtype))
  return { ...a, dtype: COMPARES.has(type) ? 'bool' : a.dtype, elements }
}

function combined(type: string, known: Known): Content | undefined {
  const [first, ...others] = known
  if (first === undefined || others.length === 0) return undefined
  return others.reduce<Content | undefined>((a, b) => a && b && pairwise(type, a, b), first)
}

function pairwise(type: string, a: Content, b: Content): Content | undefined {
  const apply = elementFunction(type, a.dtype)
  const shape = commonShape([a.shape, b.shape])
  if (apply === undefined || shape === undefined || sizeOf(shape) > MAX_KNOWN_ELEMENTS) return undefined
  const [left, right] = [spread(a, shape), spread(b, shape)]
  const elements: Dim[] = []
  for (const [i, x] of left.entries()) {
    const value = apply(x, right[i] ?? 0)
    if (value === undefined) return undefined
    elements.push(rounded(value, a.dtype))
  }
  return { shape, elements, dtype: COMPARES.has(type) ? 'bool' : a.dtype }
}

function castContent(call: NodeCall, [a]: Known): Content | undefined {
  const dtype = computedDType(call.int('to', 0))
  if (a === undefined || dtype === undefined) return undefined
  return { shape: a.shape, dtype, elements: a.elements.map((value) => castElement(value, a.dtype, dtype)) }
}

function concatenated(_: NodeCall, known: Known): Content | undefined {
  const parts = known.filter((part) => part !== undefined)
  const [first] = parts
  if (first === undefined || first.shape.length !== 1 || parts.some(({ shape }) => shape.length !== 1))
    return undefined
  const elements = parts.flatMap((part) => part.elements)
  return { shape: [elements.length], dtype: first.dtype, elements }
}

function filled(call: NodeCall, [size]: Known): Content | undefined {
  if (size === undefined || !isConcrete(size.elements)) return undefined
  const tensor = call.attribute('value')?.t
  const array = tensor && contentOfTensor(tensor)
  const [value = 0] = (array && elementsOf(array)) ?? [0]
  const count = sizeOf(size.elements)
  if (count > MAX_KNOWN_ELEMENTS) return undefined
  return {
    shape: size.elements,
    dtype: array?.dtype ?? 'float32',
    elements: new Array<number>(count).fill(value),
  }
}

function expanded(_: NodeCall, [a, size]: Known): Content | undefined {
  if (a === undefined || size === undefined || !isConcrete(size.elements)) return undefined
  const shape = commonShape([a.shape, size.elements])
  if (shape === undefined || sizeOf(shape) > MAX_KNOWN_ELEMENTS) return undefined
  return { shape, dtype: a.dtype, elements: spread(a, shape) }
}

function gathered(call: NodeCall, [a, at]: Known): Content | undefined {
  if (a === undefined || at === undefined || !isConcrete(at.elements) || a.shape.length !== 1)
    return undefined
  const [size = 0] = a.shape
  const places = at.elements.map((place) => (place < 0 ? place + size : place))
  if (places.some((place) => !(place >= 0 && place < size)))
    return call.fail(`positions within ${size} elements`, `[${at.elements.join(', ')}]`)
  return { shape: at.shape, dtype: a.dtype, elements: places.map((place) => a.elements[place] ?? 0) }
}

function counted(_: NodeCall, [start, limit, step]: Known): Content | undefined {
  const values = [start, limit, step].map((content) => content?.elements[0])
  if (!isNumbers(values)) return undefined
  const [first = 0, end = 0, by = 1] = values
  const count = Math.max(0, Math.ceil((end - first) / by))
  if (!(count <= MAX_KNOWN_ELEMENTS)) return undefined
  const elements = Array.from({ length: count }, (_, i) => first + i * by)
  return { shape: [count], dtype: start?.dtype ?? 'int64', elements }
}

function product(call: NodeCall, [a]: Known): Content | undefined {
  if (a === undefined || a.shape.length !== 1) return undefined
  const multiply = elementFunction('Mul', a.dtype)
  const total = a.elements.reduce<Dim | undefined>((x, y) => (x === undefined ? x : multiply?.(x, y)), 1)
  if (total === undefined) return undefined
  return { shape: call.int('keepdims', 1) === 0 ? [] : [1], dtype: a.dtype, elements: [total] }
}

function reshaped(call: NodeCall, [a, size]: Known): Content | undefined {
  if (a === undefined || size === undefined || !isConcrete(size.elements)) return undefined
  const zeros = call.int('allowzero', 0) === 1
  const shape = size.elements.map((entry, i) => (entry === 0 && !zeros ? (a.shape[i] ?? 0) : entry))
  const open = shape.indexOf(-1)
  const rest = shape.reduce((total, entry) => (entry === -1 ? total : total * entry), 1)
  if (open >= 0) shape[open] = a.elements.length / rest
  if (shape.some((entry) => !Number.isInteger(entry) || entry < 0) || sizeOf(shape) !== a.elements.length)
    return call.fail(`a shape for ${a.elements.length} elements`, `[${size.elements.join(', ')}]`)
  return { ...a, shape }
}

function sliced(_: NodeCall, [a, starts, ends, axes, steps]: Known): Content | undefined {
  const lists = [starts, ends, axes, steps].map((content) => content?.elements ?? [])
  if (a === undefined || !lists.every((list) => isConcrete(list))) return undefined
  const [from = [], to = [], along = [], by = []] = lists.map((list) => list.map(Number))
  return from.reduce<Content>((content, start, i) => {
    const axis = ((along[i] ?? i) + a.shape.length) % Math.max(a.shape.length, 1)
    return pick(content, axis, slicePositions(content.shape[axis] ?? 0, start, to[i] ?? 0, by[i] ?? 1))
  }, a)
}

function slicePositions(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high)
  const [first, last] =
    step > 0
      ? [clamp(start, 0, size), clamp(end, 0, size)]
      : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)]
  const positions: number[] = []
  for (let at = first; step > 0 ? at < last : step < 0 && at > last; at += step) positions.push(at)
  return positions
}

function squeezed(_: NodeCall, [a, axes]: Known): Content | undefined {
  if (a === undefined) return undefined
  const rank = a.shape.length
  const dropped = axes?.elements.map((axis) => (Number(axis) + rank) % Math.max(rank, 1))
  const shape = a.shape.filter((size, i) => (dropped === undefined ? size !== 1 : !dropped.includes(i)))
  return sizeOf(shape) === a.elements.length ? { ...a, shape } : undefined
}

function unsqueezed(_: NodeCall, [a, axes]: Known): Content | undefined {
  if (a === undefined || axes === undefined) return undefined
  const rank = a.shape.length + axes.elements.length
  const added = new Set(axes.elements.map((axis) => (Number(axis) + rank) % rank))
  const sizes = [...a.shape]
  return { ...a, shape: Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (sizes.shift() ?? 1))) }
}

function chosen(_: NodeCall, [condition, a, b]: Known): Content | undefined {
  if (condition === undefined || a === undefined || b === undefined || !isConcrete(condition.elements))
    return undefined
  const shape = commonShape([condition.shape, a.shape, b.shape])
  if (shape === undefined || sizeOf(shape) > MAX_KNOWN_ELEMENTS) return undefined
  const [yes, no] = [spread(a, shape), spread(b, shape)]
  const elements = spread(condition, shape).map((holds, i) => (holds === 0 ? no[i] : yes[i]) ?? 0)
  return { shape, dtype: a.dtype, elements }
}

function isNumbers(values: readonly (Dim | undefined)[]): values is readonly number[] {
  return values.every((value) => typeof value === 'number')
}
