import { describe, expect, it } from 'vitest'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'
import { adaptCall } from './adapt-arguments.ts'

describe('adaptCall()', () => {
  it.each<[string, string, Attributes, string, Attributes]>([
    ['relu', 'default', {}, 'relu', {}],
    ['arange', 'default', { end: 5, dtype: null }, 'arange', { start: 0, end: 5, step: 1 }],
    [
      'arange',
      'start',
      { start: 2, end: 5, dtype: 'int64' },
      'arange',
      { start: 2, end: 5, step: 1, dtype: 'int64' },
    ],
    [
      'max_pool2d',
      'default',
      { kernelSize: [3, 3], stride: [] },
      'max_pool2d',
      { kernelSize: [3, 3], stride: [3, 3] },
    ],
    [
      'avg_pool1d',
      'default',
      { kernelSize: [3], stride: [2] },
      'avg_pool1d',
      { kernelSize: [3], stride: [2] },
    ],
    ['squeeze', 'dim', { dim: 1 }, 'squeeze', { dim: [1] }],
    ['squeeze', 'default', { dim: null }, 'squeeze', { dim: null }],
    ['div', 'Tensor', {}, 'div', { roundingMode: null }],
    ['floor_divide', 'default', {}, 'div', { roundingMode: 'floor' }],
    ['clamp_min', 'default', { min: 0 }, 'clamp', { min: 0, max: null }],
    ['clamp_max', 'default', { max: 6 }, 'clamp', { min: null, max: 6 }],
    ['concat', 'default', { dim: 1 }, 'cat', { dim: 1 }],
    [
      'var',
      'dim',
      { dim: [1], unbiased: false, keepdim: true },
      'var',
      { dim: [1], correction: 0, keepdim: true },
    ],
    [
      'var',
      'dim',
      { dim: [1], unbiased: true, keepdim: true },
      'var',
      { dim: [1], correction: 1, keepdim: true },
    ],
    ['to', 'dtype_layout', { dtype: null }, 'alias', {}],
    ['to', 'dtype_layout', { dtype: 'int64' }, 'to', { dtype: 'int64' }],
    ['masked_fill', 'Scalar', { value: -1 }, 'where', { other: -1 }],
    ['zeros', 'default', { size: [2], dtype: null }, 'zeros', { size: [2] }],
  ])('adaptCall() writes %s.%s of %j as lowbit has it', (name, overload, attrs, expected, written) => {
    expect(adaptCall(name, overload, attrs, [])).toEqual({ name: expected, attrs: written, cast: undefined })
  })

  it('adaptCall() moves the dtype of a reduction before it', () => {
    expect(adaptCall('softmax', 'int', { dim: -1, dtype: 'float32' }, [])).toEqual({
      name: 'softmax',
      attrs: { dim: -1 },
      cast: 'float32',
    })
    expect(adaptCall('sum', 'default', { dim: null, dtype: null }, []).cast).toBeUndefined()
  })

  it.each<[string, readonly Dim[], readonly number[], readonly number[]]>([
    ['same', [4, 3, 3, 5], [1, 1], [1, 2]],
    ['same', [4, 3, 3, 2], [1, 2], [1, 1]],
    ['valid', [4, 3, 3, 5], [1, 1], [0, 0]],
  ])(
    'adaptCall() gives the padding "%s" of a kernel %j in numbers',
    (padding, kernel, dilation, expected) => {
      const { attrs } = adaptCall('conv2d', 'padding', { padding, dilation }, kernel)
      expect(attrs).toEqual({ padding: expected, dilation })
    },
  )

  it('adaptCall() rejects a padding that two sides cannot share', () => {
    expect(() => adaptCall('conv1d', 'padding', { padding: 'same', dilation: [1] }, [4, 3, 2])).toThrow(
      new RangeError('padding "same" that is 1 in all, which two sides cannot share'),
    )
  })
})
