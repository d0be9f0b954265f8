import { expect } from 'vitest'
import type { Attributes } from '../src/ir/attributes.ts'
import { Node, Value } from '../src/ir/node.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'
import { isFloating } from '../src/tensor/dtype.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { sizeOf } from '../src/tensor/shape.ts'
import { type LoweredResult, runLowered } from './run-lowered.ts'
import { concreteAttributes, concreteType, n, type Sizes, s, typed } from './symbolic-inference.ts'

const SIZES: readonly Sizes[] = [
  new Map([
    ['n', 5],
    ['s', 7],
  ]),
  new Map([
    ['n', 2],
    ['s', 4],
  ]),
]

/** An input that no operation reads, so that a graph knows the sizes that its other inputs do not have by themselves. */
const SYMBOLS = typed([n, s])

/**
 * Expects an operation that was lowered once for symbolic sizes to compute, for several numbers, what it computes when it is lowered
 * for those numbers. Integers in the data are 0 and 1, so that they are positions in anything.
 */
export async function expectSymbolicRun<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (TensorType | null)[],
  attrs: A,
): Promise<void> {
  const calls = SIZES.map((sizes) => inputs.map((type) => (type ? dataOf(concreteType(type, sizes)) : null)))
  const symbolic = await lowered(op, inputs, attrs, calls)
  for (const [i, sizes] of SIZES.entries()) {
    const types = inputs.map((type) => type && concreteType(type, sizes))
    const [expected] = await lowered(op, types, concreteAttributes(attrs, sizes), calls.slice(i, i + 1))
    expect(symbolic[i], [...sizes].join(' ')).toEqual(expected)
  }
}

function lowered<A extends Attributes>(
  op: Operation<A>,
  types: readonly (TensorType | null)[],
  attrs: A,
  calls: readonly (readonly (HostArray | null)[])[],
): Promise<Readonly<Record<string, LoweredResult>>[]> {
  const values = types.map((type) => type && new Value(type))
  const node = new Node(op, values, attrs)
  const request = {
    inputs: [
      ...values.flatMap((value, i) => (value ? [{ value, name: `i${i}` }] : [])),
      { value: new Value(SYMBOLS), name: 'sizes' },
    ],
    nodes: [node],
    outputs: node.outputs.map((value, i) => ({ value, name: `o${i}` })),
  }
  const feeds = calls.map((arrays, i) => ({
    ...Object.fromEntries(arrays.flatMap((array, at) => (array ? [[`i${at}`, array]] : []))),
    sizes: dataOf(concreteType(SYMBOLS, SIZES[i])),
  }))
  return runLowered(request, ...feeds)
}

function dataOf({ shape, dtype }: TensorType): HostArray {
  const sizes = shape.map(Number)
  const value = (i: number) => (isFloating(dtype) ? Math.sin(1 + i) + 1.5 : i % 2)
  return fromValues(
    dtype,
    sizes,
    Array.from({ length: sizeOf(sizes) }, (_, i) => value(i)),
  )
}
