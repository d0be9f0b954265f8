import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPoolGradient } from './adaptive-avg-pool.ts'
import { avgPool1d, avgPool2d, avgPoolGradient } from './avg-pool.ts'

const HANGING = { kernelSize: [3], stride: [2], padding: [1], ceilMode: true, countIncludePad: true }

describe('aten.avg_pool1d', () => {
  test('aten.avg_pool1d counts padding, but not what hangs over in ceil mode', async () => {
    const x = tensor([6, 12, 18, 24], [1, 1, 4])
    expect(await evaluate(avgPool1d, [x], HANGING)).toEqual([6, 18, 12])
    expect(await gradientsOf(avgPool1d, [x], HANGING, [3, 6, 2])).toEqual([[1, 3, 2, 3]])
  })

  test('aten.avg_pool1d divides by the elements alone where padding does not count', async () => {
    const x = tensor([6, 12, 18, 24], [1, 4])
    const attrs = { ...HANGING, countIncludePad: false }
    expect(await evaluate(avgPool1d, [x], attrs)).toEqual([9, 18, 24])
    expect(await gradientsOf(avgPool1d, [x], attrs, [2, 3, 1])).toEqual([[1, 2, 1, 2]])
  })
})

describe('aten.avg_pool2d', () => {
  test.each([
    { countIncludePad: true, divisorOverride: null },
    { countIncludePad: false, divisorOverride: null },
    { countIncludePad: false, divisorOverride: 5 },
  ])('aten.avg_pool2d has the slopes of finite differences: %o', async (how) => {
    const attrs = { kernelSize: [3, 2], stride: [2, 2], padding: [1, 0], ceilMode: true, ...how }
    await expectSlopes(avgPool2d, [wave([2, 2, 4, 5])], attrs)
  })
})

describe('lowbit.avg_pool_gradient', () => {
  test('lowbit.avg_pool_gradient has the slopes of finite differences', async () => {
    await expectSlopes(avgPoolGradient, [wave([2, 2, 3])], { ...HANGING, inputSize: [4] })
  })
})

describe('aten.adaptive_avg_pool2d', () => {
  test('aten.adaptive_avg_pool2d has the slopes of finite differences', async () => {
    for (const outputSize of [
      [1, 1],
      [2, 3],
      [3, 2],
      [5, 1],
    ]) {
      await expectSlopes(adaptiveAvgPool2d, [wave([2, 2, 4, 3])], { outputSize })
    }
  })

  test('aten.adaptive_avg_pool2d keeps the sizes that are null', async () => {
    const x = tensor([1, 2, 3, 4], [1, 1, 2, 2])
    expect(await evaluate(adaptiveAvgPool2d, [x], { outputSize: [null, 1] })).toEqual([1.5, 3.5])
    expect(await evaluate(adaptiveAvgPool2d, [x], { outputSize: [null, null] })).toEqual([1, 2, 3, 4])
  })
})

describe('aten.adaptive_avg_pool1d', () => {
  test('aten.adaptive_avg_pool1d lets windows overlap where sizes do not divide', async () => {
    const x = tensor([1, 2, 3, 4, 5], [1, 5])
    expect(await evaluate(adaptiveAvgPool1d, [x], { outputSize: [3] })).toEqual([1.5, 3, 4.5])
    expect(await gradientsOf(adaptiveAvgPool1d, [x], { outputSize: [3] }, [2, 3, 4])).toEqual([
      [1, 2, 1, 3, 2],
    ])
  })
})

describe('lowbit.adaptive_avg_pool_gradient', () => {
  test('lowbit.adaptive_avg_pool_gradient has the slopes of finite differences', async () => {
    await expectSlopes(adaptiveAvgPoolGradient, [wave([2, 2, 1, 1])], { inputSize: [3, 2] })
    await expectSlopes(adaptiveAvgPoolGradient, [wave([2, 2, 2])], { inputSize: [5] })
  })
})
