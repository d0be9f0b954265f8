import { expect, test } from 'vitest'
import { typed } from '../../../test/symbolic-inference.ts'
import type { DType } from '../../tensor/dtype.ts'
import { inferBinary } from './binary.ts'

function promoted(a: readonly [DType, number[]], b: readonly [DType, number[]]): DType {
  return inferBinary('aten.mul', [typed(a[1], a[0]), typed(b[1], b[0])], {}).dtype
}

test('inferBinary() lets a scalar tensor give way to one with dimensions, as PyTorch does', () => {
  expect(promoted(['bfloat16', [2]], ['float32', []])).toBe('bfloat16')
  expect(promoted(['int64', []], ['uint8', [2]])).toBe('uint8')
})

test('inferBinary() keeps the wider kind of a scalar tensor', () => {
  expect(promoted(['int64', [2]], ['float16', []])).toBe('float16')
  expect(promoted(['bool', [2]], ['int32', []])).toBe('int32')
})

test('inferBinary() promotes equal ranks to the wider dtype', () => {
  expect(promoted(['float16', [2]], ['bfloat16', [2]])).toBe('float32')
  expect(promoted(['int32', [2]], ['float16', [2]])).toBe('float16')
})

test('inferBinary() rejects a number beside two tensors', () => {
  expect(() => inferBinary('aten.mul', [typed([2]), typed([3])], { other: 4 })).toThrow(
    new TypeError(
      'Cannot record "aten.mul": expected one tensor beside the number 4, got float32 [3] as well',
    ),
  )
})

test('inferBinary() rejects shapes that do not broadcast', () => {
  expect(() => inferBinary('aten.mul', [typed([2, 3]), typed([4])], {})).toThrow(
    'Cannot record "aten.mul": expected shapes that broadcast, got [2, 3] and [4] (dimension -1)',
  )
})
