import { describe, expect, test } from 'vitest'
import { numbers } from '../../../test/evaluate.ts'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import { record } from '../../engine/tensor.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { addDims, type Dims, floorDivDims, subDims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { arange } from './arange.ts'
import { ones, zeros } from './filled.ts'
import { full } from './full.ts'
import { creationOperations } from './index.ts'

type Row = { readonly inputs?: readonly TensorType[]; readonly attrs: Attributes; readonly shape: Dims }

const like: readonly TensorType[] = [typed([n, 3, s])]

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.full': [{ attrs: { size: [n, 2], fillValue: 1.5, dtype: 'float32' }, shape: [n, 2] }],
  'aten.zeros': [{ attrs: { size: [n, s], dtype: 'int64' }, shape: [n, s] }],
  'aten.ones': [{ attrs: { size: [s] }, shape: [s] }],
  'aten.zeros_like': [{ inputs: like, attrs: {}, shape: [n, 3, s] }],
  'aten.ones_like': [{ inputs: like, attrs: { dtype: 'bool' }, shape: [n, 3, s] }],
  'aten.arange': [
    { attrs: { start: 0, end: n, step: 1 }, shape: [n] },
    { attrs: { start: 1, end: s, step: 2, dtype: 'float32' }, shape: [floorDivDims(s, 2)] },
    { attrs: { start: addDims(n, s), end: n, step: -3 }, shape: [floorDivDims(addDims(s, 2), 3)] },
    { attrs: { start: n, end: addDims(n, s), step: 1 }, shape: [subDims(addDims(n, s), n)] },
  ],
}

const CASES = creationOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map((row) => [op.name, row.shape.map(String), op, row] as const),
)

describe('tensors from attributes', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(creationOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shape, op, row) => {
    const [output] = expectSymbolicInference(op, row.inputs ?? [], row.attrs)
    expect(output?.shape.map(String)).toEqual(row.shape.map(String))
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shape, op, row) => {
    await expectSymbolicRun(op, row.inputs ?? [], row.attrs)
  })
})

test('aten.zeros and aten.ones are float32 unless told otherwise', () => {
  expect(zeros.infer([], { size: [1] })).toEqual([typed([1])])
  expect(ones.infer([], { size: [1], dtype: 'bool' })).toEqual([typed([1], 'bool')])
})

test('aten.full rounds to a narrow dtype, also for one element', async () => {
  const tensor = record(full, [], { size: [1], fillValue: 1 / 3, dtype: 'float16' })
  expect(tensor.dtype).toBe('float16')
  expect(await numbers(tensor)).toEqual([0.333251953125])
})

test('aten.arange is int64 for integers and float32 for others', async () => {
  expect(arange.infer([], { start: 0, end: 3, step: 1 })).toEqual([typed([3], 'int64')])
  expect(arange.infer([], { start: 0, end: 1, step: 0.3 })).toEqual([typed([4])])
  expect(await numbers(record(arange, [], { start: 2, end: 2, step: 1 }))).toEqual([])
})

test.each([
  [1, 0, 1],
  [0, 1, -1],
  [0, 1, 0],
  [0, 1, Number.NaN],
])('aten.arange rejects a step that does not lead from %o to %o: %o', (start, end, step) => {
  const message = `Cannot record "aten.arange": expected a step that leads from ${start} to ${end}, got ${step}`
  const [, , infer, error] = rejected(arange, [], { start, end, step }, new RangeError(message))
  expect(infer).toThrow(error)
})
