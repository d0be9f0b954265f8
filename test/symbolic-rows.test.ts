import { expect, test } from 'vitest'
import { type Dim, symbol } from '../src/ir/dim.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'
import { operations } from '../src/ops/index.ts'
import { rowsOf } from './golden-row.ts'
import { type GoldenCase, readGoldens } from './op-goldens.ts'
import { concreteType } from './symbolic-inference.ts'

const { tensors } = readGoldens('ops')
const SIZE = symbol('size')

/** Which of the sizes become symbolic: all that are equal to the first one's, or the first one of each input or of one, where it is. */
type Choice = (input: number, place: number) => boolean
const CHOICES: readonly Choice[] = [
  () => true,
  (_input, place) => place === 0,
  (input, place) => input === 0 && place === 0,
  (_input, place) => place === 1,
]

for (const op of operations) {
  const rows = rowsOf(op).filter(({ inputs }) => sizesOf(typesOf(inputs)).length > 0)
  if (rows.length === 0) continue
  test(`${op.name} infers the same with a symbolic size and numbers put in afterwards`, () => {
    const compared = rows.reduce((count, row) => count + compare(op, row), 0)
    expect(compared, 'symbolic sizes that the operation takes').toBeGreaterThan(0)
  })
}

/** Makes each size of a row symbolic in turn. Returns how many of them the operation took: it may ask for a known size. */
function compare(op: Operation, { inputs, attrs, name }: GoldenCase): number {
  const types = typesOf(inputs)
  const concrete = op.infer(types, attrs)
  let taken = 0
  for (const size of sizesOf(types)) {
    for (const choice of CHOICES) {
      const symbolic = inferred(op, symbolicTypes(types, size, choice), attrs)
      if (symbolic === undefined) continue
      taken++
      const sizes = new Map([['size', size]])
      expect(
        symbolic.map((type) => concreteType(type, sizes)),
        `${name}, ${size}`,
      ).toEqual(concrete.map(plain))
    }
  }
  return taken
}

/** Types of the outputs; undefined where the operation says that it does not take the sizes. */
function inferred(
  op: Operation,
  types: readonly (TensorType | null)[],
  attrs: GoldenCase['attrs'],
): readonly TensorType[] | undefined {
  try {
    return op.infer(types, attrs)
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toMatch(/^(ShapeError|RangeError|TypeError): Cannot /)
    expect(String(error)).not.toContain('a bug in lowbit')
    return undefined
  }
}

function typesOf(inputs: GoldenCase['inputs']): (TensorType | null)[] {
  return inputs.map((key) => (key === null ? null : plain(tensors.get(key))))
}

function plain(type: TensorType | undefined): TensorType {
  if (type === undefined)
    throw new RangeError('Cannot find a golden tensor: expected it in ops.safetensors, got none')
  return { shape: [...type.shape], dtype: type.dtype }
}

/** The sizes above 1 of some types: a size of 1 broadcasts, which no symbol does. */
function sizesOf(types: readonly (TensorType | null)[]): number[] {
  return [...new Set(types.flatMap((type) => type?.shape ?? []))].map(Number).filter((size) => size > 1)
}

function symbolicTypes(
  types: readonly (TensorType | null)[],
  size: number,
  choice: Choice,
): (TensorType | null)[] {
  return types.map((type, input) => {
    if (type === null) return null
    const replaced = (dim: Dim, place: number) => (dim === size && choice(input, place) ? SIZE : dim)
    return { ...type, shape: type.shape.map(replaced) }
  })
}
