import { afterAll, expect, test } from 'vitest'
import { ones, tensor } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Module } from '../../nn/module.ts'
import { ExecutionMode } from '../config/execution-mode.ts'
import { Quantizer } from '../quantizer.ts'
import { inspectEager } from './inspection.ts'
import { listEagerOps } from './list-eager-ops.ts'

afterAll(() => recorder.device.close())

class Adder extends Module {
  readonly layer: Linear = new Linear(4, 4)

  override forward(x: Tensor): Tensor {
    return this.layer(x).add(x).relu().add_(1)
  }
}

/** Runs its layer three times. */
class Repeater extends Module<[Tensor], Promise<Tensor>> {
  readonly layer: Linear = new Linear(4, 4)

  override async forward(x: Tensor): Promise<Tensor> {
    let y = x
    for (let steps = await x.sum().item(); steps > 0; steps--) y = this.layer(y).mul(2)
    return y
  }
}

test('Quantizer.getCompressibleOpNames() in eager mode lists what op_name_config knows', async () => {
  const model = new Adder()
  const names = await Quantizer.getCompressibleOpNames(model, ExecutionMode.EAGER, [ones([1, 4])])
  expect([...names]).toEqual(['layer.linear', 'add', 'add_'])
  expect(model.training).toBe(true)
  await expect(Quantizer.getCompressibleOpNames(model, ExecutionMode.EAGER)).rejects.toThrow(
    'Cannot list the operations of a model: expected example inputs to run it with, got none',
  )
})

test('listEagerOps() tells which operations can be quantized, those of a module once', async () => {
  expect(await listEagerOps(new Repeater(), [tensor([[1, 1, 0, 0]])])).toEqual([
    { name: 'sum', type: 'sum', module: '', isQuantizable: false },
    { name: 'layer.linear', type: 'linear', module: 'layer', isQuantizable: true },
    { name: 'mul', type: 'mul', module: '', isQuantizable: true },
    { name: 'mul_1', type: 'mul', module: '', isQuantizable: true },
  ])
})

test('inspectEager() refuses a model that is not prepared', () => {
  expect(() => inspectEager(new Adder())).toThrow(
    'Cannot inspect "Adder": expected a model that is prepared in eager mode, got one that is not',
  )
})
