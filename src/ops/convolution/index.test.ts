import { describe, expect, test } from 'vitest'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { conv1d, conv2d } from './conv.ts'
import { convTranspose1d } from './conv-transpose.ts'
import { convInputGradient, convolution, convWeightGradient } from './convolution.ts'
import type { Sliding } from './geometry.ts'
import { convolutionOperations } from './index.ts'

type Row = {
  readonly inputs: readonly (TensorType | null)[]
  readonly attrs: Attributes
  readonly shape: readonly (Dim | string)[]
}

const ONE = { stride: [1], padding: [0], dilation: [1], groups: 1 }
const TWO = { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 }
const UP = { stride: [2], padding: [1], outputPadding: [1], groups: 1, dilation: [1] }
const SLIDING: Sliding = { stride: [2], padding: [[1, 1]], dilation: [1], groups: 1 }

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.conv1d': [
    { inputs: [typed([n, 3, s]), typed([4, 3, 3]), typed([4])], attrs: ONE, shape: [n, 4, 's - 2'] },
    { inputs: [typed([3, s]), typed([4, 3, 1]), null], attrs: ONE, shape: [4, s] },
    { inputs: [typed([n, 2, s]), typed([4, 2, 4])], attrs: { ...ONE, padding: 'same' }, shape: [n, 4, s] },
  ],
  'aten.conv2d': [
    {
      inputs: [typed([n, 2, s, 6]), typed([4, 2, 3, 3])],
      attrs: TWO,
      shape: [n, 4, '(s + 1)//2', 3],
    },
    { inputs: [typed([n, 4, 5, 5]), typed([4, 1, 2, 2])], attrs: { ...TWO, groups: 4 }, shape: [n, 4, 3, 3] },
  ],
  'aten.conv3d': [
    {
      inputs: [typed([n, 2, 3, s, 4]), typed([2, 2, 1, 1, 1])],
      attrs: { stride: [1, 1, 1], padding: 'valid', dilation: [1, 1, 1], groups: 1 },
      shape: [n, 2, 3, s, 4],
    },
  ],
  'aten.conv_transpose1d': [
    { inputs: [typed([n, 3, s]), typed([3, 4, 3]), typed([4])], attrs: UP, shape: [n, 4, '2*s'] },
    { inputs: [typed([3, s]), typed([3, 2, 3])], attrs: UP, shape: [2, '2*s'] },
  ],
  'aten.conv_transpose2d': [
    {
      inputs: [typed([n, 2, s, 3]), typed([2, 3, 2, 2])],
      attrs: { stride: [1, 1], padding: [0, 0], outputPadding: [0, 0], groups: 1, dilation: [1, 1] },
      shape: [n, 3, 's + 1', 4],
    },
  ],
  'aten.conv_transpose3d': [
    {
      inputs: [typed([n, 2, 2, s, 3]), typed([2, 3, 1, 2, 2])],
      attrs: { stride: [1], padding: [0], outputPadding: [0], groups: 1, dilation: [1] },
      shape: [n, 3, 2, 's + 1', 4],
    },
  ],
  'lowbit.convolution': [
    {
      inputs: [typed([n, 2, s]), typed([4, 2, 2])],
      attrs: { ...SLIDING, padding: [[2, 0]] },
      shape: [n, 4, 's//2 + 1'],
    },
  ],
  'lowbit.conv_input_gradient': [
    {
      inputs: [typed([n, 4, s]), typed([4, 2, 3])],
      attrs: { ...SLIDING, stride: [1], inputSize: [s] },
      shape: [n, 2, s],
    },
    {
      inputs: [typed([n, 4, 3]), typed([4, 2, 3])],
      attrs: { ...SLIDING, inputSize: [6] },
      shape: [n, 2, 6],
    },
  ],
  'lowbit.conv_weight_gradient': [
    {
      inputs: [typed([n, 2, s]), typed([n, 4, s])],
      attrs: { ...SLIDING, stride: [1], kernelSize: [3] },
      shape: [4, 2, 3],
    },
  ],
}

const CASES = convolutionOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map(
    (row) => [op.name, row.inputs.map((type) => String(type?.shape)), op, row] as const,
  ),
)

describe('convolutions', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(convolutionOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shapes, op, row) => {
    const [output] = expectSymbolicInference(op, row.inputs, row.attrs)
    expect(output?.shape.map(String)).toEqual(row.shape.map(String))
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shapes, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs)
  })
})

const x = typed([2, 4, 8])
const w = typed([6, 4, 3])

const REJECTED = [
  rejected(
    conv1d,
    [typed([2, 4, 8], 'int64'), w],
    ONE,
    new TypeError('Cannot record "aten.conv1d": expected a floating dtype for input 0, got int64'),
  ),
  rejected(
    conv1d,
    [x, typed([6, 4, 3], 'float16')],
    ONE,
    new TypeError(
      'Cannot record "aten.conv1d": expected inputs of one dtype, got float32 [2, 4, 8] and float16 [6, 4, 3]',
    ),
  ),
  rejected(
    conv2d,
    [typed([8, 8]), typed([6, 4, 3, 3])],
    TWO,
    new ShapeError('Cannot record "aten.conv2d": expected rank 4 or 3, got float32 [8, 8]'),
  ),
  rejected(
    conv1d,
    [x, typed([6, 4, 3, 3])],
    ONE,
    new ShapeError('Cannot record "aten.conv1d": expected rank 3 for input 1, got float32 [6, 4, 3, 3]'),
  ),
  rejected(
    conv1d,
    [x, typed([6, 3, 3])],
    ONE,
    new ShapeError(
      'Cannot record "aten.conv1d": expected data with 3 channels for the weight [6, 3, 3] in groups of 1, got float32 [2, 4, 8]',
    ),
  ),
  rejected(
    conv1d,
    [x, typed([5, 2, 3])],
    { ...ONE, groups: 2 },
    new ShapeError(
      'Cannot record "aten.conv1d": expected filters that divide into 2 groups, got float32 [5, 2, 3]',
    ),
  ),
  rejected(
    conv1d,
    [x, w, typed([4])],
    ONE,
    new ShapeError('Cannot record "aten.conv1d": expected a bias [6], got float32 [4]'),
  ),
  rejected(
    conv1d,
    [x, typed([6, 4, 9])],
    ONE,
    new ShapeError(
      'Cannot record "aten.conv1d": expected a kernel that fits into the padded input, got [9] for [8]',
    ),
  ),
  rejected(
    conv1d,
    [x, typed([6, 4, s])],
    ONE,
    new ShapeError('Cannot record "aten.conv1d": expected a weight of known size, got float32 [6, 4, s]'),
  ),
  rejected(
    conv1d,
    [x, w],
    { ...ONE, stride: [0] },
    new RangeError(
      'Cannot record "aten.conv1d": expected a stride of one whole numbers of at least 1, got [0]',
    ),
  ),
  rejected(
    conv1d,
    [x, w],
    { ...ONE, groups: 0 },
    new RangeError('Cannot record "aten.conv1d": expected at least one group, got 0'),
  ),
  rejected(
    conv1d,
    [x, w],
    { ...ONE, padding: 'full' },
    new RangeError(
      'Cannot record "aten.conv1d": expected the padding "same", "valid" or numbers, got "full"',
    ),
  ),
  rejected(
    conv1d,
    [x, w],
    { ...ONE, padding: 'same', stride: [2] },
    new RangeError('Cannot record "aten.conv1d": expected a stride of 1 for the padding "same", got [2]'),
  ),
  rejected(
    convTranspose1d,
    [x, typed([4, 6, 3])],
    { ...UP, outputPadding: [2] },
    new RangeError(
      'Cannot record "aten.conv_transpose1d": expected an output padding below the stride or the dilation, got [2]',
    ),
  ),
  rejected(
    convolution,
    [typed([4, 8]), w],
    SLIDING,
    new ShapeError(
      'Cannot record "lowbit.convolution": expected a rank of 3 to 5 for input 0, got float32 [4, 8]',
    ),
  ),
  rejected(
    convInputGradient,
    [typed([2, 6, 8]), w],
    { ...SLIDING, inputSize: [8] },
    new ShapeError(
      'Cannot record "lowbit.conv_input_gradient": expected a gradient float32 [2, 6, 4], got float32 [2, 6, 8]',
    ),
  ),
  rejected(
    convWeightGradient,
    [x, typed([2, 6, 8])],
    { ...SLIDING, kernelSize: [3] },
    new ShapeError(
      'Cannot record "lowbit.conv_weight_gradient": expected a gradient float32 [2, 6, 4], got float32 [2, 6, 8]',
    ),
  ),
  rejected(
    convWeightGradient,
    [typed([2, s, 8]), typed([2, 6, 4])],
    { ...SLIDING, kernelSize: [3] },
    new ShapeError(
      'Cannot record "lowbit.conv_weight_gradient": expected known numbers of channels, got float32 [2, s, 8] and float32 [2, 6, 4]',
    ),
  ),
]

describe('convolutions that cannot be recorded', () => {
  test.each(REJECTED)('%s refuses: %s', (_name, _message, call, error) => {
    expect(call).toThrow(error)
  })
})
