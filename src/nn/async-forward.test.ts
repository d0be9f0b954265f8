import { afterAll, expect, test } from 'vitest'
import { ones, tensor } from '../engine/create-tensors.ts'
import { noGrad, recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { currentScope } from '../ir/scope.ts'
import { fromValues } from '../tensor/from-values.ts'
import { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'

afterAll(() => recorder.device.close())

/** Doubles its input until the sum is large, and counts how often, as state. */
class Doubler extends Module<[Tensor], Promise<Tensor>> {
  readonly count: Buffer = new Buffer(fromValues('float32', [], [0]))

  override async forward(x: Tensor): Promise<Tensor> {
    let y = x.add(0)
    while ((await y.sum().item()) < 20) {
      this.count.assign(this.count.add(1))
      y = y.mul(this.count).mul(2)
    }
    return y
  }
}

class Outer extends Module<[Tensor], Promise<Tensor>> {
  readonly inner: Doubler = new Doubler()
  readonly scopes: (string | undefined)[] = []

  override async forward(x: Tensor): Promise<Tensor> {
    const y = x.add(1)
    const z = await this.inner(x)
    this.scopes.push(currentScope()?.className)
    return y.add(z)
  }
}

test('An async forward can use what it computed before it read a value, though state has changed since', async () => {
  const model = new Doubler().eval()
  const y = await model(ones([2]))
  expect(await y.data()).toEqual(Float32Array.of(48, 48))
  expect(await model.count.item()).toBe(3)
})

test('An async forward goes on in its own scope, and ends its call', async () => {
  const model = new Outer().eval()
  const y = await model(ones([2]))
  expect(model.scopes).toEqual(['Outer'])
  expect([recorder.depth, currentScope(), recorder.inside.size]).toEqual([0, undefined, 0])
  expect(await y.data()).toEqual(Float32Array.of(50, 50))
})

test('An async forward that throws ends its call', async () => {
  class Failing extends Module<[Tensor], Promise<Tensor>> {
    override async forward(x: Tensor): Promise<Tensor> {
      await x.sum().item()
      throw new RangeError('no')
    }
  }
  await expect(new Failing()(ones([1]))).rejects.toThrow(new RangeError('no'))
  expect([recorder.depth, currentScope()]).toEqual([0, undefined])
})

test('registerForwardHook() gives a hook what an async forward resolves to', async () => {
  const model = new Doubler().eval()
  model.registerForwardHook((_, __, output) => (output as Tensor).neg())
  expect(await (await model(tensor([10, 10]))).data()).toEqual(Float32Array.of(-10, -10))
})

test('add_(), sub_() and mul_() change a tensor in place', async () => {
  const x = tensor([1, 2]).add(0)
  const view = x.reshape([2, 1])
  const same = x.add_(1).mul_(3)
  x.sub_(tensor([1, 1]), { alpha: 2 })
  expect(same).toBe(x)
  expect(await x.data()).toEqual(Float32Array.of(4, 7))
  expect(await view.data()).toEqual(Float32Array.of(1, 2))
})

test('add_() assigns to state, and lets gradients flow through what is computed', async () => {
  const weight = new Parameter(fromValues('float32', [2], [1, 2]))
  noGrad(() => weight.add_(1))
  expect(await weight.data()).toEqual(Float32Array.of(2, 3))
  const y = weight.mul(1)
  y.mul_(weight)
  y.sum().backward()
  expect(await weight.grad?.data()).toEqual(Float32Array.of(4, 6))
})

test('add_() refuses a leaf whose gradient is recorded, and another shape', () => {
  const weight = new Parameter(fromValues('float32', [2], [1, 2]))
  expect(() => weight.add_(1)).toThrow(
    'Cannot change a tensor in place: expected one that is computed or needs no gradient, got a leaf that requires one\n' +
      'Hint: noGrad(() => ...) changes parameters',
  )
  expect(() => ones([1]).add_(ones([3]))).toThrow(
    'Cannot change a tensor in place: expected float32 [1], got float32 [3]',
  )
})
