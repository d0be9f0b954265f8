import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, numbers, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import { rejection } from '../../../test/tensors.ts'
import { record } from '../../engine/tensor.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { embedding, embeddingGradient } from './embedding.ts'
import { gather, gatherGradient } from './gather.ts'
import { indexingOperations } from './index.ts'
import { index, indexGradient } from './index-op.ts'

type Row = {
  readonly inputs: readonly (TensorType | null)[]
  readonly attrs?: Attributes
  readonly shape: Dims
}

const at = (...shape: Dims) => typed(shape, 'int64')

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.embedding': [{ inputs: [typed([6, 3]), at(n, s)], attrs: { paddingIdx: -1 }, shape: [n, s, 3] }],
  'lowbit.embedding_gradient': [
    { inputs: [typed([n, s, 3]), at(n, s)], attrs: { rows: 6, paddingIdx: 1 }, shape: [6, 3] },
  ],
  'aten.index': [
    { inputs: [typed([n, 3, s]), at(2)], shape: [2, 3, s] },
    { inputs: [typed([n, 3, s]), null, at(s), at(4, 1)], shape: [n, 4, s] },
    { inputs: [typed([n, 3, s]), at(2), null, at(2)], shape: [2, 3] },
  ],
  'lowbit.index_gradient': [
    { inputs: [typed([n, 4, s]), null, at(s), at(4, 1)], attrs: { size: [n, 3, s] }, shape: [n, 3, s] },
    { inputs: [typed([2, 3]), at(2), null, at(2)], attrs: { size: [n, 3, s] }, shape: [n, 3, s] },
  ],
  'aten.gather': [{ inputs: [typed([n, s]), at(n, 3)], attrs: { dim: -1 }, shape: [n, 3] }],
  'lowbit.gather_gradient': [
    { inputs: [typed([n, 3]), at(n, 3)], attrs: { dim: 1, size: [n, s] }, shape: [n, s] },
  ],
}

const CASES = indexingOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map(
    (row) => [op.name, row.inputs.map((type) => String(type?.shape)), op, row] as const,
  ),
)

describe('lookups', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(indexingOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shapes, op, row) => {
    const [output] = expectSymbolicInference(op, row.inputs, row.attrs ?? {})
    expect(output?.shape.map(String)).toEqual(row.shape.map(String))
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shapes, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs ?? {})
  })
})

const positions = (values: readonly number[], shape: readonly number[] = [values.length]): HostArray =>
  fromValues('int64', shape, values)

describe('lowbit.embedding_gradient', () => {
  test('lowbit.embedding_gradient adds up what many threads bring to one row', async () => {
    const count = 60_000
    const ids = Array.from({ length: count }, (_, i) => i % 3)
    const g = tensor(new Array(4 * count).fill(1), [count, 4])
    const sums = await evaluate(embeddingGradient, [g, tensor(ids, [count], 'int64')], {
      rows: 4,
      paddingIdx: 2,
    })
    expect(sums).toEqual([20_000, 20_000, 0, 0].flatMap((sum) => [sum, sum, sum, sum]))
  })

  test('lowbit.embedding_gradient is the slope of aten.embedding', async () => {
    await expectSlopes(embedding, [wave([4, 2]), positions([3, 0, 3, 1], [2, 2])], { paddingIdx: -1 })
  })
})

describe('aten.index', () => {
  test('aten.index takes elements of neighbouring dimensions, negative positions from the end', async () => {
    const x = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [2, 2, 3])
    const rows = tensor([-1, 0], [2], 'int32')
    const columns = tensor([-2, 2], [2], 'int64')
    const taken = record(index, [x, null, rows, columns], {})
    expect(taken.shape).toEqual([2, 2])
    expect(await numbers(taken)).toEqual([4, 2, 10, 8])
  })

  test('aten.index puts positions first where indexed dimensions are no neighbours', async () => {
    const x = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [2, 2, 3])
    const taken = record(index, [x, tensor([1, 0], [2], 'int64'), null, tensor([2, 0], [2], 'int64')], {})
    expect(taken.shape).toEqual([2, 2])
    expect(await numbers(taken)).toEqual([8, 11, 0, 3])
  })

  test('aten.index fails where a position is outside its own dimension', async () => {
    const x = tensor([0, 1, 2, 3], [2, 2])
    const taken = record(index, [x, tensor([0], [1], 'int64'), tensor([2], [1], 'int64')], {})
    expect(await rejection(taken.array())).toMatch(/out of data bounds|indices element out/)
  })

  test.each([
    [[2, 3, 2], [positions([1, 0, 1])]],
    [
      [2, 3, 2],
      [null, positions([2, 2, -1])],
    ],
    [
      [2, 3, 2],
      [null, positions([[2], [0]].flat(), [2, 1]), positions([1, 1])],
    ],
    [
      [2, 3, 2],
      [positions([0, 0]), null, positions([1, 1])],
    ],
  ])(
    'aten.index and lowbit.index_gradient have the slopes of finite differences: %o',
    async (shape, where) => {
      await expectSlopes(index, [wave(shape), ...where], {})
      const [output] = index.infer([typed(shape), ...where], {})
      await expectSlopes(indexGradient, [wave(output?.shape.map(Number) ?? []), ...where], { size: shape })
    },
  )
})

describe('lowbit.gather_gradient', () => {
  test('lowbit.gather_gradient adds where gather takes an element twice', async () => {
    const [g] = await gradientsOf(
      gather,
      [tensor([1, 2, 3]), tensor([2, 0, 2], [3], 'int64')],
      { dim: 0 },
      [1, 10, 100],
    )
    expect(g).toEqual([10, 0, 101])
  })

  test('lowbit.gather_gradient has the slopes of finite differences', async () => {
    await expectSlopes(gatherGradient, [wave([2, 2]), positions([0, 2, 1, 1], [2, 2])], {
      dim: 1,
      size: [2, 3],
    })
  })
})

const x = typed([2, 3])

const REJECTED = [
  rejected(
    embedding,
    [typed([2]), at(3)],
    { paddingIdx: -1 },
    new ShapeError('Cannot record "aten.embedding": expected rank 2 for input 0, got float32 [2]'),
  ),
  rejected(
    embedding,
    [x, typed([3])],
    { paddingIdx: -1 },
    new TypeError('Cannot record "aten.embedding": expected positions in int64 or int32, got float32 [3]'),
  ),
  rejected(
    index,
    [x, typed([2], 'bool')],
    {},
    new TypeError('Cannot record "aten.index": expected positions in int64 or int32, got bool [2]'),
  ),
  rejected(
    index,
    [x, at(1), at(1), at(1)],
    {},
    new ShapeError(
      'Cannot record "aten.index": expected positions for at most 2 dimensions, got 3 for float32 [2, 3]',
    ),
  ),
  rejected(
    index,
    [x, at(2), at(3)],
    {},
    new ShapeError(
      'Cannot record "aten.index": expected shapes that broadcast, got [2] and [3] (dimension -1)',
    ),
  ),
  rejected(
    gather,
    [x, at(3, 1)],
    { dim: 1 },
    new ShapeError(
      'Cannot record "aten.gather": expected an index within [2, 3] but for dimension 1, got [3, 1]',
    ),
  ),
]

test.each(REJECTED)('%s rejects what it does not take: %s', (_name, _message, infer, error) => {
  expect(infer).toThrow(error)
})
