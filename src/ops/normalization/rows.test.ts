import { describe, expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { record } from '../../engine/tensor.ts'
import { groupNorm } from './group-norm.ts'
import { layerNorm } from './layer-norm.ts'
import { rmsNorm } from './rms-norm.ts'

const x = wave([2, 2, 3], -1, 1.5)
const weight = wave([2, 3], 0.5, 2, 1)
const bias = wave([2, 3], -1, 1, 2)

describe('gradients of normalized rows', () => {
  const attrs = { normalizedShape: [2, 3], eps: 1e-5 }

  test.each([
    ['weight and bias', [x, weight, bias], [0, 1, 2]],
    ['no parameters', [x, null, null], [0]],
    ['the bias alone', [x, null, bias], [0, 2]],
    ['the parameters alone', [x, weight, bias], [1, 2]],
  ])('lowbit.layer_norm_gradient has the slopes of finite differences: %s', async (_name, inputs, wanted) => {
    await expectSlopes(layerNorm, inputs, attrs, wanted)
  })

  test.each([
    ['a weight', [x, weight], [0, 1]],
    ['no weight', [x, null], [0]],
  ])('lowbit.rms_norm_gradient has the slopes of finite differences: %s', async (_name, inputs, wanted) => {
    await expectSlopes(rmsNorm, inputs, attrs, wanted)
  })

  test.each([
    ['maps', [wave([2, 4, 3], -1, 1.5), wave([4], 0.5, 2, 1), wave([4], -1, 1, 2)], [0, 1, 2]],
    ['a matrix without parameters', [wave([2, 6], -1, 1.5), null, null], [0]],
  ])('lowbit.group_norm_gradient has the slopes of finite differences: %s', async (_name, inputs, wanted) => {
    await expectSlopes(groupNorm, inputs, { numGroups: 2, eps: 1e-5 }, wanted)
  })
})

test('aten.rms_norm takes eps null for 2^-23, also for float16', async () => {
  const tiny = [2 ** -10, 2 ** -10]
  const expected = 2 ** -10 / Math.sqrt(2 ** -20 + 2 ** -23)
  const attrs = { normalizedShape: [2], eps: null }
  expect(await evaluate(rmsNorm, [tensor(tiny)], attrs)).toEqual(tiny.map(() => expect.closeTo(expected, 5)))
  const half = record(rmsNorm, [tensor(tiny, [2], 'float16')], attrs)
  expect(half.dtype).toBe('float16')
  expect(await evaluate(rmsNorm, [tensor(tiny, [2], 'float16')], attrs)).toEqual(
    tiny.map(() => expect.closeTo(expected, 3)),
  )
})
