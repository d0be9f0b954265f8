import { recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import type { Attributes, AttributeValue } from '../ir/attributes.ts'
import { type Dim, dimsEqual, evaluateDim, SymbolicDim, solveDim } from '../ir/dim.ts'
import type { GraphInput } from '../ir/graph.ts'
import { formatType } from '../ir/node.ts'
import { ShapeError } from '../tensor/shape-error.ts'

/** Sizes that a call of a graph gives to its symbols. */
export type CallSizes = ReadonlyMap<string, number>

/** Bounds of a size that varies, both included. */
export interface SizeRange {
  readonly min: number
  readonly max: number
}

/** Bounds by the key of the size they hold for. */
export type SizeRanges = ReadonlyMap<string, SizeRange>

/**
 * Checks inputs against their declarations and learns the symbolic sizes from them.
 * @throws ShapeError for an input of another type, or a size out of its range; TypeError for a missing one
 */
export function learnSizes(
  declared: readonly GraphInput[],
  given: readonly Tensor[],
  ranges: SizeRanges = new Map(),
): CallSizes {
  const sizes = new Map<string, number>()
  declared.forEach((input, i) => {
    const tensor = given[i]
    if (tensor === undefined)
      throw new TypeError(`Cannot run the graph: expected a tensor for input "${input.name}", got none`)
    check(input, tensor, sizes)
  })
  for (const [key, size] of sizes) checkRange(key, size, ranges)
  return sizes
}

function checkRange(key: string, size: number, ranges: SizeRanges): void {
  const range = ranges.get(key)
  if (range === undefined || (size >= range.min && size <= range.max)) return
  throw new ShapeError(
    `Cannot run the graph: expected the size ${key} in [${range.min}, ${range.max}], got ${size}`,
  )
}

/** Attributes with symbolic sizes replaced by numbers. */
export function concreteAttributes(attrs: Attributes, sizes: CallSizes): Attributes {
  if (!Object.values(attrs).some(hasSymbols)) return attrs
  return Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, concreteValue(value, sizes)]))
}

function check({ value, name }: GraphInput, given: Tensor, sizes: Map<string, number>): void {
  const fail = () =>
    new ShapeError(
      `Cannot run the graph: expected ${formatType(value)} for input "${name}", got ${formatType(given.value)}`,
    )
  if (given.dtype !== value.dtype || given.value.shape.length !== value.shape.length) throw fail()
  value.shape.forEach((dim, i) => {
    const size = given.value.shape[i] ?? 0
    if (typeof dim !== 'number' && typeof size === 'number' && !sizes.has(dim.key)) {
      sizes.set(dim.key, size)
      const solved = solveDim(dim, size)
      if (solved !== undefined && !sizes.has(solved.name)) sizes.set(solved.name, solved.value)
    }
    if (!recorder.capturing && !dimsEqual(resolve(dim, sizes), size)) throw fail()
  })
}

function resolve(dim: Dim, sizes: CallSizes): Dim {
  if (typeof dim === 'number') return dim
  return sizes.get(dim.key) ?? evaluateDim(dim, sizes)
}

function hasSymbols(value: AttributeValue | undefined): boolean {
  return value instanceof SymbolicDim || (Array.isArray(value) && value.some(hasSymbols))
}

function concreteValue(value: AttributeValue, sizes: CallSizes): AttributeValue {
  if (value instanceof SymbolicDim) return resolve(value, sizes)
  if (Array.isArray(value)) return value.map((entry) => concreteValue(entry, sizes))
  return value
}
