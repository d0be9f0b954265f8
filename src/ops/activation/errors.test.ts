import { expect, test } from 'vitest'
import { typed } from '../../../test/symbolic-inference.ts'
import { celu, elu } from './elu.ts'
import { gelu } from './gelu.ts'
import { hardtanh } from './hardtanh.ts'
import { sigmoid } from './sigmoid.ts'
import { softmax } from './softmax.ts'
import { softplus } from './softplus.ts'

const x = typed([2, 3])

test('aten.sigmoid rejects integers', () => {
  expect(() => sigmoid.infer([typed([2], 'int64')], {})).toThrow(
    new TypeError('Cannot record "aten.sigmoid": expected a floating dtype for input 0, got int64'),
  )
})

test('aten.hardtanh rejects bounds in the wrong order', () => {
  expect(() => hardtanh.infer([x], { minVal: 1, maxVal: 0 })).toThrow(
    new RangeError('Cannot record "aten.hardtanh": expected minVal up to maxVal, got 1 and 0'),
  )
})

test('aten.elu and aten.celu reject factors that are not above 0', () => {
  expect(() => elu.infer([x], { alpha: 0, scale: 1, inputScale: 1 })).toThrow(
    new RangeError(
      'Cannot record "aten.elu": expected factors above 0, got alpha 0, scale 1 and inputScale 1',
    ),
  )
  expect(() => celu.infer([x], { alpha: -1 })).toThrow(
    new RangeError('Cannot record "aten.celu": expected alpha above 0, got -1'),
  )
})

test('aten.gelu rejects an unknown approximation', () => {
  expect(() => gelu.infer([x], JSON.parse('{ "approximate": "erf" }'))).toThrow(
    new RangeError('Cannot record "aten.gelu": expected approximate "none" or "tanh", got "erf"'),
  )
})

test('aten.softplus rejects beta 0', () => {
  expect(() => softplus.infer([x], { beta: 0, threshold: 20 })).toThrow(
    new RangeError('Cannot record "aten.softplus": expected beta other than 0, got 0'),
  )
})

test('aten.softmax rejects a dimension that is not there', () => {
  expect(() => softmax.infer([x], { dim: 2 })).toThrow(
    new RangeError('Cannot record "aten.softmax": expected a dimension in [-2, 2), got 2'),
  )
})
