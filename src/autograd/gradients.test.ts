import { afterAll, describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { noGrad, recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { composite, fromHost, type Tensor } from '../engine/tensor.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, emitAll, Value } from '../ir/node.ts'
import type { GradientRule } from '../ir/operation.ts'
import { withScope } from '../ir/scope.ts'
import { Parameter } from '../nn/parameter.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { fromValues } from '../tensor/from-values.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { gradients } from './gradients.ts'

afterAll(() => recorder.close())

function vector(...values: number[]): Tensor {
  return fromHost(fromValues('float32', [values.length], values))
}

function parameter(...values: number[]): Parameter {
  return new Parameter(fromValues('float32', [values.length], values))
}

async function gradOf(tensor: Tensor): Promise<readonly number[] | null> {
  return tensor.grad === null ? null : Array.from(await tensor.grad.data(), Number)
}

describe('gradients()', () => {
  const [x, y, seed] = [new Value(float32(2)), new Value(float32(2)), new Value(float32(2))]

  test('gradients() of the output itself is the seed', () => {
    expect(gradients(x, seed, new Set([x]))).toEqual(new Map([[x, seed]]))
  })

  test('gradients() leaves out what the output does not depend on', () => {
    const found = gradients(emit(mul, [x], { other: 2 }), seed, new Set([x, y]))
    expect([...found.keys()]).toEqual([x])
  })

  test('gradients() asks a rule only for what is wanted, and only where a gradient arrives', () => {
    const asked: unknown[] = []
    const gradient: GradientRule = ({ inputs, gradients: given, needs }) => {
      asked.push([inputs.map((_, i) => needs(i)), given.map((value) => value !== null)])
      return inputs.map(() => given.find((value) => value !== null) ?? null)
    }
    const pair = fakeOperation('test.pair', { infer: () => [float32(2), float32(2)], gradient })
    const [first, second] = emitAll(pair, [x, y, null], {})
    emitAll(pair, [x, y], {})
    if (first === undefined || second === undefined) throw new TypeError('expected two outputs')
    const found = gradients(second, seed, new Set([y]))
    expect(asked).toEqual([
      [
        [false, true, false],
        [false, true],
      ],
    ])
    expect(found).toEqual(new Map([[y, seed]]))
  })

  test('gradients() does not go on into what has no gradient', () => {
    const stop = fakeOperation('test.stop', { gradient: 'none' })
    const counts = fakeOperation('test.count', {
      infer: ([type]) => [{ shape: type?.shape ?? [], dtype: 'int64' }],
      gradient: () => [seed],
    })
    expect(gradients(emit(stop, [x], {}), seed, new Set([x])).size).toBe(0)
    expect(gradients(emit(mul, [emit(counts, [x], {}), y], {}), seed, new Set([x])).size).toBe(0)
  })

  test('gradients() does not go on into what was recorded without them', () => {
    const product = emit(mul, [x], { other: 2 })
    if (product.node !== null) product.node.differentiable = false
    expect(gradients(product, seed, new Set([x])).size).toBe(0)
  })

  test('gradients() belong to the module that recorded what they are of', () => {
    const scope = { path: 'head', className: 'Linear', parent: undefined }
    const product = withScope(scope, () => emit(mul, [x, y], {}))
    const found = gradients(product, seed, new Set([x, y]))
    expect(collectNodes(found.values()).map(({ origin }) => origin)).toEqual([
      'aten.mul in module "head" (Linear)',
      'aten.mul in module "head" (Linear)',
    ])
  })

  test('gradients() of a chain of 20,000 operations does not exhaust the stack', () => {
    let value = x
    for (let i = 0; i < 20_000; i++) value = emit(mul, [value], { other: 1 })
    expect(gradients(value, seed, new Set([x])).size).toBe(1)
  })
})

describe('Tensor.backward()', () => {
  test('Tensor.backward() adds up over shared subexpressions and fan-out', async () => {
    const x = parameter(2, -3)
    const square = x.mul(x)
    square.mul(square).add(square).add(x, { alpha: 5 }).sum().backward()
    // d(x^4 + x^2 + 5x) = 4x^3 + 2x + 5
    expect(await gradOf(x)).toEqual([41, -109])
  })

  test('Tensor.backward() leaves the gradient of an unreached parameter null', async () => {
    const [x, unused] = [parameter(1), parameter(1)]
    x.mul(3).sum().backward()
    expect([await gradOf(x), await gradOf(unused)]).toEqual([[3], null])
  })

  test('Tensor.backward() stops at detach, and at tensors that do not require gradients', async () => {
    const [x, plain] = [parameter(2), vector(7)]
    x.mul(x.detach()).mul(plain).sum().backward()
    expect([await gradOf(x), await gradOf(plain)]).toEqual([[14], null])
  })

  test('Tensor.backward() stops at what noGrad recorded', async () => {
    const x = parameter(2)
    const factor = noGrad(() => x.mul(10))
    expect(factor.requiresGrad).toBe(false)
    x.mul(factor).sum().backward()
    expect(await gradOf(x)).toEqual([20])
  })

  test('Tensor.backward() accumulates over calls', async () => {
    const x = parameter(3)
    x.mul(x).sum().backward()
    x.mul(4).sum().backward()
    expect(await gradOf(x)).toEqual([10])
  })

  test('Tensor.backward() accumulates on a gradient that has been read', async () => {
    const x = parameter(3)
    x.mul(x).sum().backward()
    expect(await gradOf(x)).toEqual([6])
    x.mul(4).sum().backward()
    expect(await gradOf(x)).toEqual([10])
  })

  test('Tensor.backward() goes through a result that has been read, again and again', async () => {
    const x = parameter(3)
    const loss = composite(() => x.mul(x).mul(x).sum())
    expect(await loss.item()).toBe(27)
    loss.backward()
    expect(await gradOf(x)).toEqual([27])
    loss.backward()
    expect(await gradOf(x)).toEqual([54])
  })

  test('Tensor.backward() starts over when the gradient was set to null', async () => {
    const x = parameter(3)
    x.mul(2).sum().backward()
    x.grad = null
    x.mul(5).sum().backward()
    expect(await gradOf(x)).toEqual([5])
  })

  test('Tensor.backward() adds up the uses of a shared parameter', async () => {
    const [weight, x] = [parameter(2), vector(5)]
    const layer = (input: Tensor) => composite(() => input.mul(weight))
    layer(layer(x)).sum().backward()
    expect(await gradOf(weight)).toEqual([20])
  })

  test('Tensor.backward() reaches a parameter that was assigned before its data is there', async () => {
    const x = parameter(3)
    noGrad(() => x.assign(x.mul(2)))
    x.mul(x).sum().backward()
    expect(await gradOf(x)).toEqual([12])
  })

  test('Tensor.backward() reaches a tensor whose requiresGrad was set later, and an input', async () => {
    const x = vector(3)
    x.requiresGrad = true
    x.mul(x).sum().backward()
    expect(await gradOf(x)).toEqual([6])
    const frozen = parameter(3)
    frozen.requiresGrad = false
    expect(frozen.mul(2).requiresGrad).toBe(false)
  })

  test('Tensor.backward() takes a seed, and wants one for more than one element', async () => {
    const x = parameter(2, 3)
    x.mul(x).backward(vector(10, 100))
    expect(await gradOf(x)).toEqual([40, 600])
    expect(() => x.mul(x).backward()).toThrow(
      new ShapeError(
        'Cannot run backward: expected a seed for more than one element, got none for float32 [2]',
      ),
    )
  })

  test('Tensor.backward() rejects a tensor that no gradient flows to', () => {
    expect(() => vector(1).backward()).toThrow(
      new StateError(
        'Cannot run backward: expected a tensor that requires a gradient, got one that does not',
      ),
    )
  })
})
