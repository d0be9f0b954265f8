import { expect } from 'vitest'
import type { Attributes, AttributeValue } from '../src/ir/attributes.ts'
import { type Dims, evaluateDim, SymbolicDim, symbol } from '../src/ir/dim.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'
import type { DType } from '../src/tensor/dtype.ts'

/** Numbers for names of sizes. */
export type Sizes = ReadonlyMap<string, number>

/** Sizes that the names stand for when numbers are put in. */
const SIZES: Sizes = new Map([
  ['n', 5],
  ['s', 7],
])

/** A size known only by name. */
export const n: SymbolicDim = symbol('n')

/** Another one. */
export const s: SymbolicDim = symbol('s')

/** The type of a tensor with some symbolic sizes: float32 unless said otherwise. */
export function typed(shape: Dims, dtype: DType = 'float32'): TensorType {
  return { shape, dtype }
}

/** Expects inference with symbolic sizes, numbers put in afterwards, to be inference with the numbers; returns the symbolic result. */
export function expectSymbolicInference<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (TensorType | null)[],
  attrs: A,
): readonly TensorType[] {
  const symbolic = op.infer(inputs, attrs)
  const concrete = op.infer(
    inputs.map((type) => type && concreteType(type)),
    concreteAttributes(attrs),
  )
  expect(symbolic.map((type) => concreteType(type))).toEqual(concrete)
  return symbolic
}

/** A type with numbers put in for the names. */
export function concreteType({ shape, dtype }: TensorType, sizes: Sizes = SIZES): TensorType {
  return { shape: shape.map((dim) => evaluateDim(dim, sizes)), dtype }
}

/** Attributes with numbers put in for the names. */
export function concreteAttributes<A extends Attributes>(attrs: A, sizes: Sizes = SIZES): A {
  return Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [name, concreteAttribute(value, sizes)]),
  ) as A
}

function concreteAttribute(value: AttributeValue, sizes: Sizes): AttributeValue {
  if (value instanceof SymbolicDim) return evaluateDim(value, sizes)
  return Array.isArray(value) ? value.map((entry) => concreteAttribute(entry, sizes)) : value
}
