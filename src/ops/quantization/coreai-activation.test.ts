import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { record, type Tensor } from '../../engine/tensor.ts'
import type { DType } from '../../tensor/dtype.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { coreaiDequantize, coreaiQuantize } from './coreai-activation.ts'

interface Offsets {
  readonly zeroPoint?: Tensor
  readonly minval?: Tensor
}

function inputsOf(x: Tensor, scale: Tensor, { zeroPoint, minval }: Offsets): (Tensor | null)[] {
  return [x, scale, zeroPoint ?? null, minval ?? null]
}

function quantized(
  x: Tensor,
  scale: Tensor,
  outputDtype: DType,
  offsets: Offsets = {},
  axis: number | null = null,
) {
  return record(coreaiQuantize, inputsOf(x, scale, offsets), { outputDtype, axis })
}

function dequantized(
  q: Tensor,
  scale: Tensor,
  inputDtype: DType | null,
  offsets: Offsets = {},
  axis: number | null = null,
) {
  return record(coreaiDequantize, inputsOf(q, scale, offsets), { inputDtype, outputDtype: 'float32', axis })
}

describe('coreai.quantize', () => {
  test('coreai.quantize rounds half to even and clips to all that the dtype holds', async () => {
    const scale = tensor([2], [])
    const q = quantized(tensor([1, 3, -5, 1000, -1000]), scale, 'int8')
    expect([q.dtype, await numbers(q)]).toEqual(['int8', [0, 2, -2, 127, -128]])
    const narrow = quantized(tensor([1000, -1000]), scale, 'int4')
    expect([narrow.dtype, await numbers(narrow)]).toEqual(['int8', [7, -8]])
  })

  test('coreai.quantize shifts by the zero point, and from minval by the lowest value', async () => {
    const scale = tensor([0.5], [])
    const zeroPoint = tensor([10], [], 'uint8')
    expect(await numbers(quantized(tensor([-6, 0, 1]), scale, 'uint8', { zeroPoint }))).toEqual([0, 10, 12])
    const minval = tensor([-1], [])
    expect(await numbers(quantized(tensor([-1, 0, 99]), scale, 'int8', { minval }))).toEqual([-128, -126, 72])
  })

  test('coreai.quantize takes one scale for each channel', async () => {
    const x = tensor([1, 1, 2, 2], [2, 2])
    expect(await numbers(quantized(x, tensor([1, 2]), 'int8', {}, 1))).toEqual([1, 0, 2, 1])
    expect(() => quantized(x, tensor([1, 2, 3]), 'int8', {}, 1)).toThrow(
      new ShapeError(
        'Cannot record "coreai.quantize": expected a scale for [2, 2] along axis 1, got one of shape [3]',
      ),
    )
  })

  test('coreai.quantize rounds to fp8 without going beyond its range', async () => {
    const q = quantized(tensor([1.06, 900]), tensor([1], []), 'float8_e4m3fn')
    expect([q.dtype, await numbers(q)]).toEqual(['float8_e4m3fn', [1, 448]])
  })
})

describe('coreai.dequantize', () => {
  test('coreai.dequantize undoes each formulation', async () => {
    const scale = tensor([0.5], [])
    const zeroPoint = tensor([10], [], 'uint8')
    const minval = tensor([-1], [])
    const bytes = tensor([0, 10, 12], [3], 'uint8')
    expect(await numbers(dequantized(bytes, scale, 'uint8', { zeroPoint }))).toEqual([-5, 0, 1])
    expect(await numbers(dequantized(tensor([-8, 7], [2], 'int8'), scale, 'int4', { minval }))).toEqual([
      -1, 6.5,
    ])
    expect(await numbers(dequantized(tensor([-8, 7], [2], 'int8'), scale, 'int8'))).toEqual([-4, 3.5])
    expect(await numbers(dequantized(tensor([1.5], [1], 'float8_e5m2'), scale, null))).toEqual([0.75])
  })
})
