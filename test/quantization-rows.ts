import type { Attributes } from '../src/ir/attributes.ts'
import type { DType } from '../src/tensor/dtype.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import type { HostArray } from '../src/tensor/host-array.ts'

/** One call of an operation of quantization, with what it gives: numbers that can be worked out by hand. */
export interface QuantizationRow {
  readonly op: string
  readonly inputs: readonly (HostArray | null)[]
  readonly attrs: Attributes
  readonly outputs: readonly (readonly number[])[]
}

const of = (
  values: readonly number[],
  shape: readonly number[] = [values.length],
  dtype: DType = 'float32',
) => fromValues(dtype, shape, values)

const INT4 = { dtype: 'int4', quantMin: -8, quantMax: 7, blocks: [-1], zeroPoint: 0 } as const
const COREAI = { inputDtype: 'int8', outputDtype: 'float32' } as const

/** At least one row for each operation of quantization. */
export const quantizationRows: readonly QuantizationRow[] = [
  {
    op: 'lowbit.block_range',
    inputs: [of([-1, 2, 3, 5], [2, 2])],
    attrs: { blocks: [1, -1], min: null, max: null },
    outputs: [
      [-1, 0],
      [2, 5],
    ],
  },
  {
    op: 'lowbit.running_range',
    inputs: [of([-1]), of([2]), of([-0.5]), of([3])],
    attrs: { average: null },
    outputs: [[-1], [3]],
  },
  {
    op: 'lowbit.running_range',
    inputs: [of([-1]), of([2]), of([-0.5]), of([3])],
    attrs: { average: 0.25 },
    outputs: [[-0.625], [2.75]],
  },
  {
    op: 'lowbit.range_to_qparams',
    inputs: [of([-1]), of([2.984375])],
    attrs: { quantMin: 0, quantMax: 255, symmetric: false, targetExponent: null, dtype: 'float32' },
    outputs: [[2 ** -6], [64], [-1]],
  },
  {
    op: 'lowbit.range_to_qparams',
    inputs: [of([-63.75]), of([1])],
    attrs: { quantMin: -128, quantMax: 127, symmetric: true, targetExponent: null, dtype: 'float32' },
    outputs: [[0.5], [0], [-63.75]],
  },
  {
    op: 'lowbit.fake_quantize',
    inputs: [of([-5, -1.24, 0.25, 0.75, 3.4, 9]), of([0.5])],
    attrs: INT4,
    outputs: [
      [-4, -1, 0, 1, 3.5, 3.5],
      [0, 1, 1, 1, 1, 0],
    ],
  },
  {
    op: 'lowbit.scaled_fake_quantize',
    inputs: [
      of([-5, 1.5, 0.5, 18], [2, 2]),
      of([0.5, 2], [2, 1]),
      of([4, 2], [2, 1]),
      of([-1.25, 0.375, 0.25, 9], [2, 2]),
    ],
    attrs: { ...INT4, blocks: [1, -1] },
    outputs: [
      [-1, 0.375, 0, 7],
      [0, 1, 1, 0],
    ],
  },
  {
    op: 'lowbit.quantize',
    inputs: [of([-5, -1.24, 0.25, 0.75, 3.4, 9]), of([0.5], []), null, null],
    attrs: { dtype: 'int8', quantMin: -128, quantMax: 127, axis: null, blockSize: null },
    outputs: [[-10, -2, 0, 2, 7, 18]],
  },
  {
    op: 'lowbit.dequantize',
    inputs: [of([-10, 0, 18], [3], 'int8'), of([0.5], []), of([2], [], 'int8'), null],
    attrs: { axis: null, blockSize: null },
    outputs: [[-6, -1, 8]],
  },
  {
    op: 'coreai.constexpr_blockwise_shift_scale',
    inputs: [of([-8, -7, 0, 1, 2, 3, 6, 7], [2, 4], 'int8'), of([1, 2, 3, 4], [2, 2])],
    attrs: { inputDtype: 'int4', outputDtype: null },
    outputs: [[-8, -7, 0, 2, 6, 9, 24, 28]],
  },
  {
    op: 'coreai.quantize',
    inputs: [of([1, 3, -5, 1000, -1000]), of([2], []), null, null],
    attrs: { outputDtype: 'int8', axis: null },
    outputs: [[0, 2, -2, 127, -128]],
  },
  {
    op: 'coreai.dequantize',
    inputs: [of([-2, 0, 5], [3], 'int8'), of([0.5], []), of([1], [], 'int8'), null],
    attrs: { ...COREAI, axis: null },
    outputs: [[-1.5, -0.5, 2]],
  },
]
