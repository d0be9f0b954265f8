import { describe, expect, test } from 'vitest'
import { evaluate, numbers, tensor } from '../../../test/evaluate.ts'
import { recordAll } from '../../engine/tensor.ts'
import { microscales } from '../../tensor/microscales.ts'
import { rangeToQParams } from './range-to-qparams.ts'
import { runningRange } from './running-range.ts'

const int8 = {
  quantMin: -128,
  quantMax: 127,
  symmetric: true,
  targetExponent: null,
  dtype: 'float32',
} as const

async function qparams(
  min: readonly number[],
  max: readonly number[],
  attrs: Parameters<typeof rangeToQParams.infer>[1],
): Promise<number[][]> {
  return Promise.all(recordAll(rangeToQParams, [tensor(min), tensor(max)], attrs).map(numbers))
}

describe('lowbit.range_to_qparams', () => {
  test('lowbit.range_to_qparams divides the larger bound by half of the range when symmetric', async () => {
    const [scale, zeroPoint, minval] = await qparams([-1, 0, -0.5], [0.5, 2, 0], int8)
    expect(scale).toEqual([1 / 127.5, 2 / 127.5, 0.5 / 127.5].map(Math.fround))
    expect(zeroPoint).toEqual([0, 0, 0])
    expect(minval).toEqual([-1, -2, -0.5])
  })

  test('lowbit.range_to_qparams puts the zero point into the middle of an unsigned range', async () => {
    const [, zeroPoint] = await qparams([-1], [1], { ...int8, quantMin: 0, quantMax: 255 })
    expect(zeroPoint).toEqual([128])
  })

  test('lowbit.range_to_qparams spreads the range over all values when asymmetric', async () => {
    const [scale, zeroPoint, minval] = await qparams([-1, 0], [3, 1], {
      ...int8,
      quantMin: 0,
      quantMax: 255,
      symmetric: false,
    })
    expect(scale).toEqual([Math.fround(4 / 255), Math.fround(1 / 255)])
    expect(zeroPoint).toEqual([64, 0])
    expect(minval).toEqual([-1, 0])
  })

  test('lowbit.range_to_qparams gives no scale below 2^-23, and keeps NaN', async () => {
    const [scale] = await qparams([0, Number.NaN], [0, 1], int8)
    expect(scale).toEqual([2 ** -23, Number.NaN])
  })

  test.each([
    ['float4_e2m1fn_x2', 2],
    ['float8_e4m3fn', 8],
    ['float8_e5m2', 15],
  ] as const)(
    'lowbit.range_to_qparams gives the powers of two of microscales() for %s',
    async (dtype, targetExponent) => {
      const exponents = Array.from({ length: 277 }, (_, i) => i - 149)
      const exact = exponents.map((exponent) => 2 ** exponent)
      const near = exact
        .flatMap((power) => [power * (1 - 2 ** -24), power, power * (1 + 2 ** -23)])
        .map(Math.fround)
      const magnitudes = [...near, 0, Number.POSITIVE_INFINITY, Number.NaN, 3.4028234663852886e38]
      const attrs = { ...int8, quantMin: -6, quantMax: 6, targetExponent }
      const scales = await evaluate(
        rangeToQParams,
        [tensor(magnitudes.map(() => 0)), tensor(magnitudes)],
        attrs,
      )
      expect(scales).toEqual(Array.from(microscales(Float32Array.from(magnitudes), dtype)))
    },
  )
})

describe('lowbit.running_range', () => {
  test('lowbit.running_range averages with every product rounded, or keeps extremes', async () => {
    const inputs = [tensor([-1]), tensor([1]), tensor([-3]), tensor([0.7])]
    const average = await Promise.all(recordAll(runningRange, inputs, { average: 0.01 }).map(numbers))
    const blend = (x: number, r: number) =>
      Math.fround(Math.fround(Math.fround(0.01) * x) + Math.fround(Math.fround(0.99) * r))
    expect(average).toEqual([[blend(-1, -3)], [blend(1, Math.fround(0.7))]])
    const extremes = await Promise.all(recordAll(runningRange, inputs, { average: null }).map(numbers))
    expect(extremes).toEqual([[-3], [1]])
  })
})
