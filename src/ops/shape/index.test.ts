import { describe, expect, test } from 'vitest'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { addDims, type Dims, floorDivDims, mulDims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { shapeOperations } from './index.ts'

type Row = {
  readonly inputs: readonly TensorType[]
  readonly attrs: Attributes
  readonly shapes: readonly Dims[]
}

const x = typed([n, 3, s])
const double = mulDims(n, 2)

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.reshape': [
    { inputs: [x], attrs: { shape: [n, -1] }, shapes: [[n, mulDims(s, 3)]] },
    { inputs: [x], attrs: { shape: [mulDims(n, s), 3] }, shapes: [[mulDims(n, s), 3]] },
    { inputs: [x], attrs: { shape: [s, 3, n] }, shapes: [[s, 3, n]] },
  ],
  'aten.view': [{ inputs: [typed([n, s, 6])], attrs: { size: [n, s, 2, -1] }, shapes: [[n, s, 2, 3]] }],
  'aten.flatten': [
    { inputs: [x], attrs: { startDim: 1, endDim: -1 }, shapes: [[n, mulDims(s, 3)]] },
    { inputs: [x], attrs: { startDim: 0, endDim: 1 }, shapes: [[mulDims(n, 3), s]] },
  ],
  'aten.unflatten': [
    { inputs: [typed([n, mulDims(s, 3)])], attrs: { dim: 1, sizes: [3, -1] }, shapes: [[n, 3, s]] },
  ],
  'aten.squeeze': [{ inputs: [typed([1, n, 1, s])], attrs: { dim: [0, 1] }, shapes: [[n, 1, s]] }],
  'aten.unsqueeze': [{ inputs: [x], attrs: { dim: -2 }, shapes: [[n, 3, 1, s]] }],
  'aten.permute': [{ inputs: [x], attrs: { dims: [2, 0, 1] }, shapes: [[s, n, 3]] }],
  'aten.transpose': [{ inputs: [x], attrs: { dim0: 0, dim1: -1 }, shapes: [[s, 3, n]] }],
  'aten.t': [{ inputs: [typed([n, s])], attrs: {}, shapes: [[s, n]] }],
  'aten.cat': [
    { inputs: [x, typed([n, 1, s]), x], attrs: { dim: 1 }, shapes: [[n, 7, s]] },
    {
      inputs: [typed([n, 2]), typed([s, 2])],
      attrs: { dim: 0 },
      shapes: [[addDims(n, s), 2]],
    },
  ],
  'aten.stack': [{ inputs: [x, x], attrs: { dim: -1 }, shapes: [[n, 3, s, 2]] }],
  'aten.split_with_sizes': [
    {
      inputs: [typed([addDims(n, s), 2])],
      attrs: { splitSizes: [n, s], dim: 0 },
      shapes: [
        [n, 2],
        [s, 2],
      ],
    },
  ],
  'aten.split': [
    {
      inputs: [x],
      attrs: { splitSize: 2, dim: 1 },
      shapes: [
        [n, 2, s],
        [n, 1, s],
      ],
    },
    { inputs: [typed([double])], attrs: { splitSize: n, dim: 0 }, shapes: [[n], [n]] },
  ],
  'aten.chunk': [
    {
      inputs: [x],
      attrs: { chunks: 2, dim: 1 },
      shapes: [
        [n, 2, s],
        [n, 1, s],
      ],
    },
    {
      inputs: [typed([double, 3])],
      attrs: { chunks: 2, dim: 0 },
      shapes: [
        [n, 3],
        [n, 3],
      ],
    },
  ],
  'aten.slice': [
    { inputs: [x], attrs: { dim: -1, start: 1, end: null, step: 1 }, shapes: [[n, 3, addDims(s, -1)]] },
    { inputs: [x], attrs: { dim: 0, start: -1, end: null, step: 1 }, shapes: [[1, 3, s]] },
    { inputs: [x], attrs: { dim: 2, start: 1, end: -1, step: 1 }, shapes: [[n, 3, addDims(s, -2)]] },
    {
      inputs: [x],
      attrs: { dim: 2, start: 0, end: s, step: 2 },
      shapes: [[n, 3, floorDivDims(addDims(s, 1), 2)]],
    },
    { inputs: [typed([addDims(n, 1)])], attrs: { dim: 0, start: 0, end: n, step: 1 }, shapes: [[n]] },
  ],
  'lowbit.slice_gradient': [
    {
      inputs: [typed([addDims(n, -1), 2])],
      attrs: { dim: 0, start: 1, end: null, step: 1, size: [n, 2] },
      shapes: [[n, 2]],
    },
    {
      inputs: [typed([2, floorDivDims(addDims(s, 1), 2)])],
      attrs: { dim: 1, start: 0, end: s, step: 2, size: [2, s] },
      shapes: [[2, s]],
    },
  ],
  'aten.select': [{ inputs: [x], attrs: { dim: 2, index: -1 }, shapes: [[n, 3]] }],
  'aten.pad': [
    { inputs: [x], attrs: { pad: [1, 2], mode: 'constant', value: 1 }, shapes: [[n, 3, addDims(s, 3)]] },
  ],
  'aten.constant_pad_nd': [
    { inputs: [x], attrs: { pad: [0, n, 1, 0], value: 0 }, shapes: [[n, 4, addDims(s, n)]] },
  ],
}

const CASES = shapeOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map((row) => [op.name, row.attrs, op, row] as const),
)

describe('operations on shapes', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(shapeOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _attrs, op, row) => {
    const outputs = expectSymbolicInference(op, row.inputs, row.attrs)
    expect(outputs.map(({ shape }) => shape.map(String))).toEqual(
      row.shapes.map((shape) => shape.map(String)),
    )
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _attrs, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs)
  })
})
