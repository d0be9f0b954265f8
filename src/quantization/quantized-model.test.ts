import { afterAll, expect, expectTypeOf, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { GraphModule } from '../nn/graph-module.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Module } from '../nn/module.ts'
import { ExecutionMode } from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { Quantizer } from './quantizer.ts'

afterAll(() => recorder.device.close())

/** Runs its layer a second time where values are large. */
class Twice extends Module<[Tensor], Promise<Tensor>> {
  readonly layer: Linear = new Linear(4, 4)

  override async forward(x: Tensor): Promise<Tensor> {
    const y = this.layer(x)
    return (await y.abs().amax().item()) > 1 ? this.layer(y) : y
  }
}

test('Quantizer.prepare() in eager mode has the type of the model', async () => {
  const configs = [
    new QuantizerConfig({ executionMode: ExecutionMode.EAGER }),
    QuantizerConfig.w8({ executionMode: 'eager' }),
    new QuantizerConfig().setExecutionMode('eager'),
  ]
  for (const config of configs) {
    const model = new Twice().eval()
    const quantizer = new Quantizer(model, config)
    const prepared = await quantizer.prepare([randn([2, 4])])
    expectTypeOf(prepared).toEqualTypeOf<Twice>()
    expect(prepared).toBe(model)
    const finalized = await quantizer.finalize()
    const y = finalized(randn([2, 4]))
    expectTypeOf(y).toEqualTypeOf<Promise<Tensor>>()
    await y
  }
})

test('Quantizer.prepare() has the type of a graph that is called as the model is', async () => {
  for (const config of [null, new QuantizerConfig(), QuantizerConfig.w8({ executionMode: 'graph' })]) {
    const prepared = await new Quantizer(new Linear(4, 2), config).prepare([randn([3, 4])])
    expectTypeOf(prepared).toExtend<GraphModule>()
    expectTypeOf(prepared(randn([3, 4]))).toEqualTypeOf<Tensor>()
    expect(prepared).toBeInstanceOf(GraphModule)
  }
})
