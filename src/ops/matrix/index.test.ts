import { describe, expect, test } from 'vitest'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { addmm } from './addmm.ts'
import { einsum } from './einsum.ts'
import { matrixOperations } from './index.ts'
import { linear } from './linear.ts'
import { bmm, matmul } from './matmul.ts'
import { product } from './product.ts'

type Row = { readonly inputs: readonly TensorType[]; readonly attrs?: Attributes; readonly shape: Dims }

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.linear': [
    { inputs: [typed([n, 3]), typed([4, 3]), typed([4])], shape: [n, 4] },
    { inputs: [typed([n, s, 3]), typed([4, 3])], shape: [n, s, 4] },
  ],
  'aten.matmul': [
    { inputs: [typed([n, s]), typed([s, 2])], shape: [n, 2] },
    { inputs: [typed([n, 1, 3, s]), typed([4, s, 3])], shape: [n, 4, 3, 3] },
    { inputs: [typed([s]), typed([n, s, 3])], shape: [n, 3] },
    { inputs: [typed([s]), typed([s])], shape: [] },
  ],
  'aten.bmm': [{ inputs: [typed([n, 2, s]), typed([n, s, 3])], shape: [n, 2, 3] }],
  'aten.addmm': [
    { inputs: [typed([3]), typed([n, s]), typed([s, 3])], attrs: { beta: 2, alpha: 0.5 }, shape: [n, 3] },
  ],
  'aten.einsum': [
    {
      inputs: [typed([n, 2, s, 3]), typed([n, 2, s, 3])],
      attrs: { equation: 'bhqd,bhkd->bhqk' },
      shape: [n, 2, s, s],
    },
    {
      inputs: [typed([n, 2, 3]), typed([n, s, 1, 4, 3])],
      attrs: { equation: 'bij,b...kj->i...bk' },
      shape: [2, s, 1, n, 4],
    },
  ],
  'lowbit.matmul': [
    {
      inputs: [typed([n, s, 2]), typed([3, s])],
      attrs: { transposeA: true, transposeB: true },
      shape: [n, 2, 3],
    },
    { inputs: [typed([s, n]), typed([s, 3])], attrs: { transposeA: true, transposeB: false }, shape: [n, 3] },
  ],
}

const CASES = matrixOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map(
    (row) => [op.name, row.inputs.map(({ shape }) => String(shape)), op, row] as const,
  ),
)

describe('matrix products', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(matrixOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shapes, op, row) => {
    const [output] = expectSymbolicInference(op, row.inputs, row.attrs ?? {})
    expect(output?.shape.map(String)).toEqual(row.shape.map(String))
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shapes, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs ?? {})
  })
})

const PLAIN = { transposeA: false, transposeB: false }
const x = typed([2, 3])

const REJECTED = [
  rejected(
    linear,
    [x, typed([4, 5])],
    {},
    new ShapeError(
      'Cannot record "aten.linear": expected inner sizes that are equal, got float32 [2, 3] and float32 [4, 5]',
    ),
  ),
  rejected(
    linear,
    [x, typed([3])],
    {},
    new ShapeError('Cannot record "aten.linear": expected rank 2 for input 1, got float32 [3]'),
  ),
  rejected(
    linear,
    [typed([]), typed([4, 1])],
    {},
    new ShapeError('Cannot record "aten.linear": expected at least one dimension, got a scalar'),
  ),
  rejected(
    linear,
    [x, typed([4, 3]), typed([3])],
    {},
    new ShapeError('Cannot record "aten.linear": expected a bias [4], got float32 [3]'),
  ),
  rejected(
    linear,
    [typed([n, s]), typed([4, n])],
    {},
    new ShapeError(
      'Cannot record "aten.linear": expected inner sizes that are equal, got float32 [n, s] and float32 [4, n]',
    ),
  ),
  rejected(
    matmul,
    [x, typed([3, 2], 'float16')],
    {},
    new TypeError(
      'Cannot record "aten.matmul": expected operands of one dtype, got float32 [2, 3] and float16 [3, 2]',
    ),
  ),
  rejected(
    matmul,
    [typed([2, 3], 'int64'), x],
    {},
    new TypeError('Cannot record "aten.matmul": expected a floating dtype for input 0, got int64'),
  ),
  rejected(
    matmul,
    [x, typed([])],
    {},
    new ShapeError('Cannot record "aten.matmul": expected at least one dimension, got a scalar'),
  ),
  rejected(
    matmul,
    [x, x],
    {},
    new ShapeError(
      'Cannot record "aten.matmul": expected inner sizes that are equal, got float32 [2, 3] and float32 [2, 3]',
    ),
  ),
  rejected(
    matmul,
    [typed([2, 1, 3]), typed([4, 3, 1])],
    {},
    new ShapeError(
      'Cannot record "aten.matmul": expected shapes that broadcast, got [2] and [4] (dimension -1)',
    ),
  ),
  rejected(
    bmm,
    [x, x],
    {},
    new ShapeError('Cannot record "aten.bmm": expected rank 3 for input 0, got float32 [2, 3]'),
  ),
  rejected(
    bmm,
    [typed([2, 1, 3]), typed([1, 3, 1])],
    {},
    new ShapeError('Cannot record "aten.bmm": expected batches of one size, got 2 and 1'),
  ),
  rejected(
    addmm,
    [typed([3]), x, typed([3, 4])],
    { beta: 1, alpha: 1 },
    new ShapeError('Cannot record "aten.addmm": expected a bias that broadcasts to [2, 4], got float32 [3]'),
  ),
  rejected(
    product,
    [typed([3]), x],
    PLAIN,
    new ShapeError('Cannot record "lowbit.matmul": expected at least two dimensions, got float32 [3]'),
  ),
  rejected(
    einsum,
    [x, x],
    { equation: 'ij,jk->ik' },
    new ShapeError(
      'Cannot record "aten.einsum": expected one size for "j", got float32 [2, 3], float32 [2, 3]',
    ),
  ),
]

test.each(REJECTED)('%s rejects what it does not take: %s', (_name, _message, infer, error) => {
  expect(infer).toThrow(error)
})
