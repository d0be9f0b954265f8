import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { record } from '../../engine/tensor.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { constexprBlockwiseShiftScale } from './coreai-weight.ts'

const integers = { inputDtype: 'int4', outputDtype: null } as const

describe('coreai.constexpr_blockwise_shift_scale', () => {
  const data = tensor([-8, -7, 0, 1, 2, 3, 6, 7], [2, 4], 'int8')

  test('coreai.constexpr_blockwise_shift_scale finds the blocks in the shape of the scale', async () => {
    const scale = tensor([1, 2, 3, 4], [2, 2])
    const y = record(constexprBlockwiseShiftScale, [data, scale, null, null], integers)
    expect(await numbers(y)).toEqual([-8, -7, 0, 2, 6, 9, 24, 28])
  })

  test('coreai.constexpr_blockwise_shift_scale takes zero points, and minvals with the lowest value of the dtype', async () => {
    const scale = tensor([0.5, 2], [2, 1])
    const zeroPoint = tensor([1, -1], [2, 1], 'int8')
    const shifted = record(constexprBlockwiseShiftScale, [data, scale, zeroPoint, null], integers)
    expect(await numbers(shifted)).toEqual([-4.5, -4, -0.5, 0, 6, 8, 14, 16])
    const minval = tensor([-1, 5], [2, 1])
    const raised = record(constexprBlockwiseShiftScale, [data, scale, null, minval], integers)
    expect(await numbers(raised)).toEqual([-1, -0.5, 3, 3.5, 25, 27, 33, 35])
  })

  test('coreai.constexpr_blockwise_shift_scale scales floats by powers of two', async () => {
    const values = tensor([0.5, -6, 1, 3], [1, 4], 'float4_e2m1fn_x2')
    const scale = tensor([2, 0.25], [1, 2], 'float8_e8m0fnu')
    const y = record(constexprBlockwiseShiftScale, [values, scale], {
      inputDtype: null,
      outputDtype: 'float32',
    })
    expect([y.dtype, await numbers(y)]).toEqual(['float32', [1, -12, 0.25, 0.75]])
  })

  test('coreai.constexpr_blockwise_shift_scale refuses a scale that does not divide the data', () => {
    expect(() =>
      record(constexprBlockwiseShiftScale, [data, tensor([1, 1, 1], [1, 3]), null, null], integers),
    ).toThrow(
      new ShapeError(
        'Cannot record "coreai.constexpr_blockwise_shift_scale": expected a scale for [2, 4], got one of shape [1, 3]',
      ),
    )
  })
})
