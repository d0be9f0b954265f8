import { expect, test } from 'vitest'
import { evaluate, gradientsOf, numbers, tensor } from '../../../test/evaluate.ts'
import { typed } from '../../../test/symbolic-inference.ts'
import { record } from '../../engine/tensor.ts'
import { to } from './to.ts'

test('aten.to rounds once to a narrow float, from floats and from integers', async () => {
  expect(await evaluate(to, [tensor([1.0009765625, 65504])], { dtype: 'bfloat16' })).toEqual([1, 65536])
  expect(await evaluate(to, [tensor([2049, 2051], [2], 'int64')], { dtype: 'float16' })).toEqual([2048, 2052])
})

test('aten.to counts every number but 0 as true', async () => {
  const flags = record(to, [tensor([-0.25, 0, 3])], { dtype: 'bool' })
  expect(flags.dtype).toBe('bool')
  expect(await numbers(flags)).toEqual([1, 0, 1])
})

test('aten.to casts the gradient back', async () => {
  const x = tensor([1, 2])
  await gradientsOf(to, [x], { dtype: 'float16' }, [1.0009765625, 3])
  expect(x.grad?.dtype).toBe('float32')
})

test('aten.to rejects dtypes below eight bits', () => {
  expect(() => to.infer([typed([2])], { dtype: 'int4' })).toThrow(
    new TypeError('Cannot record "aten.to": expected a dtype of at least 8 bits, got int4'),
  )
})
