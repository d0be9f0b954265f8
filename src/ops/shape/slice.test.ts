import { describe, expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { slice, sliceGradient } from './slice.ts'

const X = [0, 1, 2, 3, 4, 5, 6]
const ALL = { dim: 0, start: null, end: null, step: 1 }

describe('aten.slice', () => {
  test.each([
    [{ start: -3 }, [4, 5, 6]],
    [{ end: -5 }, [0, 1]],
    [{ start: -100, end: 2 }, [0, 1]],
    [{ start: 5, end: 100 }, [5, 6]],
    [{ start: 6, end: 2 }, []],
    [{ start: 1, step: 4 }, [1, 5]],
    [{ start: 2, end: 6, step: 2 }, [2, 4]],
  ])('aten.slice cuts %o as Python does', async (bounds, expected) => {
    const attrs = { ...ALL, ...bounds }
    const [type] = slice.infer([{ shape: [7], dtype: 'float32' }], attrs)
    expect(type?.shape).toEqual([expected.length])
    expect(await evaluate(slice, [tensor(X)], attrs)).toEqual(expected)
  })
})

describe('lowbit.slice_gradient', () => {
  test.each([
    [{ start: 1, end: 5, step: 2 }, [7, 8], [0, 7, 0, 8, 0, 0, 0]],
    [{ start: 1, step: 3 }, [7, 8], [0, 7, 0, 0, 8, 0, 0]],
    [{ start: -2 }, [7, 8], [0, 0, 0, 0, 0, 7, 8]],
    [{ step: 6 }, [7, 8], [7, 0, 0, 0, 0, 0, 8]],
  ])('lowbit.slice_gradient puts values where slice %o takes them', async (bounds, values, expected) => {
    const attrs = { ...ALL, ...bounds, size: [7] }
    expect(await evaluate(sliceGradient, [tensor(values)], attrs)).toEqual(expected)
  })

  test('lowbit.slice_gradient has the slopes of finite differences', async () => {
    await expectSlopes(sliceGradient, [wave([2, 2])], { dim: 1, start: 0, end: 3, step: 2, size: [2, 4] })
  })
})
