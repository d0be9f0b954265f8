import { expect, test } from 'vitest'
import { fromValues } from './from-values.ts'
import { toTypedArray } from './to-typed-array.ts'
import { transposeMatrix } from './transpose-matrix.ts'

test('transposeMatrix() exchanges rows and columns, also of packed integers', () => {
  for (const dtype of ['float32', 'int4', 'int64'] as const) {
    const turned = transposeMatrix(fromValues(dtype, [2, 3], [1, 2, 3, 4, 5, 6]))
    expect(turned.shape).toEqual([3, 2])
    expect(turned.dtype).toBe(dtype)
    expect(Array.from(toTypedArray(turned), Number)).toEqual([1, 4, 2, 5, 3, 6])
  }
})

test('transposeMatrix() takes matrices of more than one tile', () => {
  const values = Array.from({ length: 70 * 33 }, (_, i) => i)
  const turned = toTypedArray(transposeMatrix(fromValues('int32', [70, 33], values)))
  expect(values.every((value, i) => turned[(i % 33) * 70 + Math.floor(i / 33)] === value)).toBe(true)
})
