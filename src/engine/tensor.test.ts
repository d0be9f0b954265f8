import { afterAll, describe, expect, test } from 'vitest'
import { buffer, parameter, rejection, valuesOf, vector } from '../../test/tensors.ts'
import { symbol } from '../ir/dim.ts'
import { Value } from '../ir/node.ts'
import { fromValues } from '../tensor/from-values.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { storageOf } from './placement.ts'
import { noGrad, recorder } from './recorder.ts'
import { StateError } from './state-error.ts'
import { fromHost, Tensor, tensorsIn } from './tensor.ts'

afterAll(() => recorder.close())

describe('Tensor.array()', () => {
  test('Tensor.array() gives host data back as it is, without a run', async () => {
    const array = fromValues('int4', [3], [1, -8, 7])
    expect(await fromHost(array).array()).toBe(array)
  })

  test.each(['float16', 'bfloat16', 'float8_e5m2', 'int64', 'int8', 'uint4', 'bool'] as const)(
    'Tensor.array() gives %s results in their own dtype',
    async (dtype) => {
      const array = fromValues(dtype, [2, 1], [1, 0])
      const result = await fromHost(array).detach().array()
      expect(result).toEqual(array)
    },
  )

  test('Tensor.array() gives results without elements', async () => {
    const empty = fromHost(fromValues('float32', [0, 3], []))
    expect(await empty.mul(2).array()).toEqual(fromValues('float32', [0, 3], []))
  })
})

describe('Tensor.item()', () => {
  test('Tensor.item() gives the number of a tensor with one element, whatever its rank', async () => {
    expect(await vector(1.5).mul(2).item()).toBe(3)
    expect(await fromHost(fromValues('int64', [], [7])).item()).toBe(7)
    expect(
      await fromHost(fromValues('float16', [1, 1], [0.5]))
        .detach()
        .item(),
    ).toBe(0.5)
  })

  test('Tensor.item() rejects a tensor with more elements', async () => {
    await expect(vector(1, 2).item()).rejects.toEqual(
      new ShapeError('Cannot read a tensor as a number: expected one element, got float32 [2]'),
    )
  })
})

describe('Tensor.realize()', () => {
  test('Tensor.realize() waits for the value and returns the tensor', async () => {
    const result = vector(2).mul(3)
    expect(await result.realize()).toBe(result)
    expect(result.value.node).toBeNull()
    expect(await valuesOf(result)).toEqual([6])
  })

  test('Tensor.realize() keeps the way back to the parameters', async () => {
    const weight = parameter(2)
    const result = await weight.mul(3).realize()
    expect(result.requiresGrad).toBe(true)
    result.backward()
    expect(weight.grad && (await valuesOf(weight.grad))).toEqual([3])
  })
})

describe('Tensor.assign()', () => {
  test('Tensor.assign() copies: neither tensor sees later updates of the other', async () => {
    const [a, b, host] = [buffer(1), buffer(2), vector(3)]
    a.assign(b)
    b.assign(host)
    expect([await valuesOf(a), await valuesOf(b)]).toEqual([[2], [3]])
    b.assign(b.mul(10))
    a.assign(a.add(1))
    expect([await valuesOf(a), await valuesOf(b), await valuesOf(host)]).toEqual([[3], [30], [3]])
  })

  test('Tensor.assign() of one result to two states keeps them apart, and the result readable', async () => {
    const [a, b, result] = [buffer(1), buffer(2), vector(3).mul(2)]
    a.assign(result)
    b.assign(result)
    await a.realize()
    a.assign(a.mul(10))
    await a.realize()
    expect([await valuesOf(a), await valuesOf(b), await valuesOf(result)]).toEqual([[60], [6], [6]])
  })

  test('Tensor.assign() before a read gives the last content only', async () => {
    const state = buffer(1)
    for (const value of [2, 3, 4]) state.assign(vector(value))
    expect(await valuesOf(state)).toEqual([4])
    state.assign(state)
    expect(await valuesOf(state)).toEqual([4])
  })

  test('Tensor.assign() lets a tensor that was read before keep what it read', async () => {
    const state = buffer(1)
    const snapshot = state.detach()
    state.assign(vector(2))
    expect([await valuesOf(state), await valuesOf(snapshot)]).toEqual([[2], [1]])
  })

  test('Tensor.assign() keeps gradients out, and the state a leaf', async () => {
    const [weight, other] = [parameter(1), parameter(5)]
    weight.assign(other.mul(2))
    weight.mul(3).sum().backward()
    expect(other.grad).toBeNull()
    expect(weight.grad && (await valuesOf(weight.grad))).toEqual([3])
    expect(await valuesOf(weight)).toEqual([10])
  })

  test('Tensor.assign() rejects another shape or dtype', () => {
    expect(() => buffer(1, 2).assign(vector(1))).toThrow(
      new ShapeError('Cannot assign to a tensor: expected float32 [2], got float32 [1]'),
    )
    expect(() => buffer(1).assign(fromHost(fromValues('int32', [1], [1])))).toThrow(
      new ShapeError('Cannot assign to a tensor: expected float32 [1], got int32 [1]'),
    )
  })
})

describe('Tensor.backward() and state', () => {
  test('Tensor.backward() of a result that was read reaches through state that the read updated', async () => {
    const [weight, state] = [parameter(3), buffer(2)]
    const product = weight.mul(state)
    noGrad(() => state.assign(state.mul(10)))
    expect(await valuesOf(product)).toEqual([6])
    product.sum().backward()
    expect(weight.grad && (await valuesOf(weight.grad))).toEqual([2])
    expect(await valuesOf(state)).toEqual([20])
  })

  test('Tensor.backward() through a parameter that was updated since is a stale read', async () => {
    const weight = parameter(3)
    const loss = weight.mul(weight).sum()
    noGrad(() => weight.assign(vector(1)))
    await weight.realize()
    loss.backward()
    expect(weight.grad && (await rejection(weight.grad.data()))).toBe(
      'Cannot run "aten.mul": expected the data of its input, got none: it was replaced by a later update\n' +
        'Hint: read a value before the step that updates what it was computed from',
    )
  })
})

describe('Tensor', () => {
  test('Tensor.requiresGrad is for floating dtypes', () => {
    const integers = fromHost(fromValues('int64', [1], [1]))
    expect(() => {
      integers.requiresGrad = true
    }).toThrow(new TypeError('Cannot require a gradient: expected a floating dtype, got int64'))
    integers.requiresGrad = false
  })

  test('Tensor.shape has no answer for symbolic sizes', () => {
    const tensor = new Tensor(new Value({ shape: [symbol('batch'), 2], dtype: 'float32' }))
    expect(() => tensor.shape).toThrow(
      new StateError(
        'Cannot read the shape of a captured tensor: expected numbers, got float32 [batch, 2]\nHint: use dims',
      ),
    )
  })

  test('Tensor cannot be read during a capture', async () => {
    recorder.capturing = true
    recorder.depth++
    const result = vector(1).mul(2)
    const message = await rejection(result.data())
    recorder.depth--
    recorder.capturing = false
    expect(message).toBe(
      'Cannot read the result of "aten.mul" during a capture: expected a forward that only records, got one that asks for a value\n' +
        'Hint: a model that decides by values runs in eager mode (ExecutionMode.EAGER)',
    )
    expect(storageOf(result.value)).toBeUndefined()
  })
})

test('tensorsIn() finds tensors in arrays and plain objects only', () => {
  const [a, b] = [vector(1), vector(2)]
  expect([...tensorsIn([a, { b, n: 1, none: null }, new Map([['a', a]])])]).toEqual([a, b])
})
