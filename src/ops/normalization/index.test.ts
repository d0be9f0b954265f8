import { describe, expect, test } from 'vitest'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { addDims, type Dims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { batchNorm } from './batch-norm.ts'
import { groupNorm } from './group-norm.ts'
import { normalizationOperations } from './index.ts'
import { layerNorm } from './layer-norm.ts'
import { rmsNorm } from './rms-norm.ts'

type Row = {
  readonly inputs: readonly (TensorType | null)[]
  readonly attrs: Attributes
  readonly shapes: readonly Dims[]
}

const x = typed([n, 4, s])
const c = typed([4])
const all = [c, c, c, c]
const TRAINING = { training: true, momentum: 0.1, eps: 1e-5 }
const LAST = { normalizedShape: [4], eps: 1e-5 }
const rows = typed([n, s, 4])

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.batch_norm': [
    { inputs: [x, ...all], attrs: TRAINING, shapes: [x.shape, [4], [4], [4], [4]] },
    { inputs: [x, c, c, null, null], attrs: { ...TRAINING, training: false }, shapes: [x.shape, [4], [4]] },
    { inputs: [x, null, null, c, c], attrs: { ...TRAINING, training: false }, shapes: [x.shape, [4], [4]] },
    {
      inputs: [typed([n, s]), null, null, typed([s]), typed([s])],
      attrs: TRAINING,
      shapes: [[n, s], [s], [s], [s], [s]],
    },
  ],
  'lowbit.batch_norm_gradient': [
    { inputs: [x, x, c, c, c], attrs: { usesBatch: true, eps: 1e-5 }, shapes: [x.shape, [4], [4]] },
    { inputs: [x, x, null, c, c], attrs: { usesBatch: false, eps: 1e-5 }, shapes: [x.shape, [4], [4]] },
  ],
  'aten.layer_norm': [{ inputs: [rows, c, c], attrs: LAST, shapes: [rows.shape] }],
  'lowbit.layer_norm_gradient': [{ inputs: [rows, rows, c], attrs: LAST, shapes: [rows.shape, [4], [4]] }],
  'aten.group_norm': [{ inputs: [x, c, c], attrs: { numGroups: 2, eps: 1e-5 }, shapes: [x.shape] }],
  'lowbit.group_norm_gradient': [
    { inputs: [x, x, c], attrs: { numGroups: 2, eps: 1e-5 }, shapes: [x.shape, [4], [4]] },
  ],
  'aten.rms_norm': [{ inputs: [rows, c], attrs: LAST, shapes: [rows.shape] }],
  'lowbit.rms_norm_gradient': [{ inputs: [rows, rows, null], attrs: LAST, shapes: [rows.shape, [4]] }],
}

const CASES = normalizationOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map(
    (row) => [op.name, row.inputs.map((type) => String(type?.shape)), op, row] as const,
  ),
)

describe('normalizations', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(normalizationOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shapes, op, row) => {
    const outputs = expectSymbolicInference(op, row.inputs, row.attrs)
    expect(outputs.map(({ shape }) => shape.map(String))).toEqual(
      row.shapes.map((shape) => shape.map(String)),
    )
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shapes, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs)
  })
})

const REJECTED = [
  rejected(
    batchNorm,
    [typed([4])],
    TRAINING,
    new ShapeError('Cannot record "aten.batch_norm": expected [N, C, ...], got float32 [4]'),
  ),
  rejected(
    batchNorm,
    [x, c, typed([5]), c, c],
    TRAINING,
    new ShapeError(
      'Cannot record "aten.batch_norm": expected a bias [4] for float32 [n, 4, s], got float32 [5]',
    ),
  ),
  rejected(
    batchNorm,
    [x, c, c, c],
    TRAINING,
    new TypeError('Cannot record "aten.batch_norm": expected both running statistics or none, got one'),
  ),
  rejected(
    batchNorm,
    [typed([1, 4, 1]), ...all],
    TRAINING,
    new ShapeError(
      'Cannot record "aten.batch_norm": expected more than one value per channel in training, got float32 [1, 4, 1]',
    ),
  ),
  rejected(
    layerNorm,
    [rows, c],
    { normalizedShape: [5], eps: 1e-5 },
    new ShapeError(
      'Cannot record "aten.layer_norm": expected a shape that ends with [5], got float32 [n, s, 4]',
    ),
  ),
  rejected(
    layerNorm,
    [rows, c, typed([1, 4])],
    LAST,
    new ShapeError('Cannot record "aten.layer_norm": expected parameters [4], got float32 [1, 4]'),
  ),
  rejected(
    rmsNorm,
    [typed([n, addDims(s, 1)])],
    LAST,
    new ShapeError(
      'Cannot record "aten.rms_norm": expected a shape that ends with [4], got float32 [n, s + 1]',
    ),
  ),
  rejected(
    groupNorm,
    [x, null, null],
    { numGroups: 3, eps: 1e-5 },
    new ShapeError(
      'Cannot record "aten.group_norm": expected channels that 3 groups share, got float32 [n, 4, s]',
    ),
  ),
  rejected(
    groupNorm,
    [x, typed([2]), null],
    { numGroups: 2, eps: 1e-5 },
    new ShapeError(
      'Cannot record "aten.group_norm": expected parameters [4] for float32 [n, 4, s], got float32 [2]',
    ),
  ),
]

test.each(REJECTED)('%s rejects what it does not take: %s', (_name, _message, infer, error) => {
  expect(infer).toThrow(error)
})
