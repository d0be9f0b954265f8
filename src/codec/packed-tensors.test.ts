import { describe, expect, test } from 'vitest'
import { fromValues } from '../tensor/from-values.ts'
import { FormatError } from './format-error.ts'
import { packTensors, unpackTensors } from './packed-tensors.ts'

const state = new Map([
  ['__proto__', fromValues('int4', [3], [1, -8, 7])],
  ['w', fromValues('uint2', [2, 3], [0, 1, 2, 3, 2, 1])],
  ['scale', fromValues('float32', [1], [0.5])],
])

describe('packTensors()', () => {
  test('packTensors() makes bytes of what is narrower, which unpackTensors() takes back', () => {
    const { tensors, metadata } = packTensors(state)
    expect(Array.from(tensors.values(), ({ dtype, shape }) => [dtype, shape])).toEqual([
      ['uint8', [2]],
      ['uint8', [2]],
      ['float32', [1]],
    ])
    expect(unpackTensors(tensors, metadata)).toEqual(state)
  })

  test('packTensors() leaves other tensors alone', () => {
    const plain = new Map([['scale', fromValues('float32', [1], [0.5])]])
    expect(packTensors(plain)).toEqual({ tensors: plain, metadata: new Map() })
  })
})

describe('unpackTensors()', () => {
  test.each([
    ['{', 'Cannot read safetensors "lowbit.packed": expected a JSON object, got {'],
    ['{"w":{"dtype":"int4","shape":[9]}}', 'got {"dtype":"int4","shape":[9]}'],
    ['{"w":{"dtype":"float32","shape":[1]}}', 'got {"dtype":"float32","shape":[1]}'],
    ['{"w":{"dtype":"int4","shape":[-4]}}', 'got {"dtype":"int4","shape":[-4]}'],
    ['{"x":null}', 'got null'],
  ])('unpackTensors() refuses metadata that does not fit: %s', (text, message) => {
    const { tensors } = packTensors(state)
    const unpack = () => unpackTensors(tensors, new Map([['lowbit.packed', text]]))
    expect(unpack).toThrow(FormatError)
    expect(unpack).toThrow(message)
  })
})
