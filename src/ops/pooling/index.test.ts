import { describe, expect, test } from 'vitest'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'
import { emit, Value } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { adaptiveAvgPool2d } from './adaptive-avg-pool.ts'
import { avgPool1d, avgPool2d, avgPoolGradient } from './avg-pool.ts'
import { poolingOperations } from './index.ts'
import { maxPool1d, maxPool2d } from './max-pool.ts'
import { maxPoolGradient } from './max-pool-gradient.ts'

type Row = {
  readonly inputs: readonly TensorType[]
  readonly attrs: Attributes
  readonly shape: readonly (Dim | string)[]
}

const HALF = { kernelSize: [2], stride: [2], padding: [0], ceilMode: false }
const MAX = { ...HALF, dilation: [1] }
const SAME = { kernelSize: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], ceilMode: false }
const MEAN = { ...HALF, countIncludePad: true }
const OVER = { kernelSize: [3, 3], stride: [2, 2], padding: [0, 0], ceilMode: true, countIncludePad: false }
const DIVIDED = { ...OVER, ceilMode: false, divisorOverride: 2 }

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'aten.max_pool1d': [
    { inputs: [typed([n, 3, s])], attrs: MAX, shape: [n, 3, 's//2'] },
    { inputs: [typed([3, s])], attrs: { ...MAX, stride: [] }, shape: [3, 's//2'] },
    { inputs: [typed([n, 3, s])], attrs: { ...MAX, ceilMode: true }, shape: [n, 3, '(s + 1)//2'] },
  ],
  'aten.max_pool2d': [{ inputs: [typed([n, 3, s, 5])], attrs: SAME, shape: [n, 3, s, 5] }],
  'aten.max_pool3d': [
    {
      inputs: [typed([n, 2, s, 4, 4])],
      attrs: { kernelSize: [1, 2, 2], stride: [1, 2, 2], padding: [0], dilation: [1], ceilMode: false },
      shape: [n, 2, s, 2, 2],
    },
  ],
  'lowbit.max_pool_gradient': [
    { inputs: [typed([n, 3, 8]), typed([n, 3, 4])], attrs: MAX, shape: [n, 3, 8] },
    { inputs: [typed([n, 3, s, 5]), typed([n, 3, s, 5])], attrs: SAME, shape: [n, 3, s, 5] },
  ],
  'aten.avg_pool1d': [
    { inputs: [typed([n, 3, s])], attrs: MEAN, shape: [n, 3, 's//2'] },
    { inputs: [typed([3, s])], attrs: MEAN, shape: [3, 's//2'] },
  ],
  'aten.avg_pool2d': [
    { inputs: [typed([n, 3, s, 6])], attrs: OVER, shape: [n, 3, 's//2', 3] },
    { inputs: [typed([n, 3, 7, 7])], attrs: DIVIDED, shape: [n, 3, 3, 3] },
  ],
  'aten.avg_pool3d': [
    {
      inputs: [typed([n, 2, s, 4, 4])],
      attrs: {
        kernelSize: [1, 2, 2],
        stride: [1, 2, 2],
        padding: [0],
        ceilMode: false,
        countIncludePad: true,
      },
      shape: [n, 2, s, 2, 2],
    },
  ],
  'lowbit.avg_pool_gradient': [
    { inputs: [typed([n, 3, 3, 3])], attrs: { ...DIVIDED, inputSize: [7, 7] }, shape: [n, 3, 7, 7] },
  ],
  'aten.adaptive_avg_pool1d': [
    { inputs: [typed([n, 3, s])], attrs: { outputSize: [1] }, shape: [n, 3, 1] },
    { inputs: [typed([3, s])], attrs: { outputSize: [null] }, shape: [3, s] },
    { inputs: [typed([n, 3, 7])], attrs: { outputSize: [3] }, shape: [n, 3, 3] },
  ],
  'aten.adaptive_avg_pool2d': [
    { inputs: [typed([n, 3, s, 6])], attrs: { outputSize: [s, 2] }, shape: [n, 3, s, 2] },
  ],
  'aten.adaptive_avg_pool3d': [
    { inputs: [typed([n, 3, s, s, 6])], attrs: { outputSize: [1, 1, 1] }, shape: [n, 3, 1, 1, 1] },
  ],
  'lowbit.adaptive_avg_pool_gradient': [
    { inputs: [typed([n, 3, 1])], attrs: { inputSize: [s] }, shape: [n, 3, s] },
    { inputs: [typed([n, 3, 3])], attrs: { inputSize: [7] }, shape: [n, 3, 7] },
  ],
}

const CASES = poolingOperations.flatMap((op) =>
  (ROWS[op.name] ?? []).map(
    (row) => [op.name, row.inputs.map(({ shape }) => String(shape)), op, row] as const,
  ),
)

describe('pools', () => {
  test('each has a row', () => {
    expect(Object.keys(ROWS).sort()).toEqual(poolingOperations.map(({ name }) => name).sort())
  })

  test.each(CASES)('%s infers symbolic sizes as it infers numbers: %o', (_name, _shapes, op, row) => {
    const [output] = expectSymbolicInference(op, row.inputs, row.attrs)
    expect(output?.shape.map(String)).toEqual(row.shape.map(String))
  })

  test.each(CASES)('%s lowered with symbolic sizes runs for numbers: %o', async (_name, _shapes, op, row) => {
    await expectSymbolicRun(op, row.inputs, row.attrs)
  })

  test('each shares the observer of its data', () => {
    const pools = poolingOperations.filter(({ name }) => name.startsWith('aten.'))
    expect(pools.filter(({ quantization }) => quantization?.sharesObserver !== true)).toEqual([])
  })
})

const x = typed([2, 3, 8])

const REJECTED = [
  rejected(
    maxPool1d,
    [typed([2, 3, 8], 'int64')],
    MAX,
    new TypeError('Cannot record "aten.max_pool1d": expected a floating dtype for input 0, got int64'),
  ),
  rejected(
    maxPool2d,
    [typed([2, 3])],
    SAME,
    new ShapeError('Cannot record "aten.max_pool2d": expected rank 4 or 3, got float32 [2, 3]'),
  ),
  rejected(
    maxPool1d,
    [x],
    { ...MAX, kernelSize: [9] },
    new ShapeError(
      'Cannot record "aten.max_pool1d": expected windows that fit into the padded input, got [9] for [8]',
    ),
  ),
  rejected(
    maxPool1d,
    [x],
    { ...MAX, padding: [2] },
    new RangeError(
      'Cannot record "aten.max_pool1d": expected a padding of at most half the kernel size [2], got [2]',
    ),
  ),
  rejected(
    maxPool1d,
    [typed([2, 3, s])],
    { ...MAX, padding: [1], ceilMode: true },
    new ShapeError(
      'Cannot record "aten.max_pool1d": expected a known size for windows that may start outside of it in ceil mode, got s',
    ),
  ),
  rejected(
    maxPoolGradient,
    [x, typed([2, 3, 5])],
    MAX,
    new ShapeError(
      'Cannot record "lowbit.max_pool_gradient": expected a gradient float32 [2, 3, 4], got float32 [2, 3, 5]',
    ),
  ),
  rejected(
    avgPool2d,
    [typed([2, 3, 8, 8])],
    { ...OVER, divisorOverride: 0 },
    new RangeError('Cannot record "aten.avg_pool2d": expected a divisor other than 0, got 0'),
  ),
  rejected(
    avgPoolGradient,
    [typed([2, 3, 5])],
    { ...MEAN, inputSize: [8] },
    new ShapeError(
      'Cannot record "lowbit.avg_pool_gradient": expected spatial sizes [4], got float32 [2, 3, 5]',
    ),
  ),
  rejected(
    adaptiveAvgPool2d,
    [typed([2, 3, 8, 8])],
    { outputSize: [0, 2] },
    new RangeError('Cannot record "aten.adaptive_avg_pool2d": expected 2 sizes of at least 1, got [0, 2]'),
  ),
]

describe('pools that cannot be recorded', () => {
  test.each(REJECTED)('%s refuses: %s', (_name, _message, call, error) => {
    expect(call).toThrow(error)
  })
})

describe('pools that cannot be lowered', () => {
  test('aten.adaptive_avg_pool2d needs known sizes where its windows are not equal', async () => {
    const data = new Value(typed([n, 3, s, s]))
    const y = emit(adaptiveAvgPool2d, [data], { outputSize: [2, 2] })
    const { lowerGraph } = await import('../../lowering/lower-graph.ts')
    const request = {
      inputs: [{ value: data, name: 'x' }],
      nodes: y.node ? [y.node] : [],
      outputs: [{ value: y, name: 'y' }],
    }
    expect(() => lowerGraph(request)).toThrow(
      'Cannot lower "aten.adaptive_avg_pool2d": expected known sizes but for the batch, got [s, s]',
    )
  })

  test('aten.avg_pool1d takes its windows from the kernel size when the stride is empty', () => {
    expect(avgPool1d.infer([x], { ...MEAN, stride: [] })).toEqual([typed([2, 3, 4])])
  })
})
