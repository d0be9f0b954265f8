import { describe, expect, test } from 'vitest'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { hardtanh } from './hardtanh.ts'
import { activationOperations } from './index.ts'

const ATTRIBUTES: Readonly<Record<string, Attributes>> = {
  'aten.leaky_relu': { negativeSlope: 0.1 },
  'lowbit.leaky_relu_backward': { negativeSlope: 0.1 },
  'aten.hardtanh': { minVal: -1, maxVal: 1 },
  'lowbit.mask_inside': { min: -1, max: 1 },
  'aten.elu': { alpha: 1, scale: 1, inputScale: 1 },
  'lowbit.elu_backward': { alpha: 1, scale: 1, inputScale: 1 },
  'aten.celu': { alpha: 1 },
  'aten.gelu': { approximate: 'none' },
  'lowbit.gelu_backward': { approximate: 'tanh' },
  'aten.softplus': { beta: 1, threshold: 20 },
  'aten.softmax': { dim: -1 },
  'aten.log_softmax': { dim: 0 },
  'aten.dropout': { p: 0.5, train: false },
  'aten.feature_dropout': { p: 0.5, train: false },
}

describe('activations', () => {
  test.each(activationOperations.map((op) => [op.name, op] as const))(
    '%s infers symbolic sizes as it infers numbers',
    (name, op) => {
      const x = typed([n, 3, s])
      const inputs = op.name.startsWith('lowbit.') ? [x, x] : [x]
      const [output] = expectSymbolicInference(op, inputs, ATTRIBUTES[name] ?? {})
      expect(output?.shape.map(String)).toEqual(['n', '3', 's'])
    },
  )
})

test('fixed ranges: those of relu, relu6, hardtanh, sigmoid, hardsigmoid and tanh, and no others', () => {
  const ranges = activationOperations.flatMap(({ name, quantization }) => {
    const range = quantization?.fixedRange?.(ATTRIBUTES[name] ?? {})
    return range === undefined ? [] : [[name, range] as const]
  })
  expect(Object.fromEntries(ranges)).toEqual({
    'aten.relu': { min: 0, max: null, symmetric: false },
    'aten.relu6': { min: 0, max: 6, symmetric: false },
    'aten.hardtanh': { min: -1, max: 1, symmetric: true },
    'aten.hardsigmoid': { min: 0, max: 1, symmetric: false },
    'aten.sigmoid': { min: 0, max: 1, symmetric: false },
    'aten.tanh': { min: -1, max: 1, symmetric: true },
  })
  expect(hardtanh.quantization?.fixedRange?.({ minVal: 0, maxVal: 6 })).toMatchObject({ symmetric: false })
})
