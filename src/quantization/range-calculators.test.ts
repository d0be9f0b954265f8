import { describe, expect, test } from 'vitest'
import { numbers } from '../../test/evaluate.ts'
import { randn } from '../engine/create-tensors.ts'
import { manualSeed } from '../engine/generator.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Linear, ReLU, Sequential, SGD } from '../nn/index.ts'
import { ExportBackend } from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { FakeQuantize } from './fake-quantize/fake-quantize.ts'
import { type QuantizedModel, Quantizer } from './quantizer.ts'

/** A small network, prepared with one range calculator for everything. */
async function prepared(key: string): Promise<{ quantizer: Quantizer; model: QuantizedModel }> {
  manualSeed(3)
  const config = QuantizerConfig.fromYaml(`
quantization_config:
  global_config:
    op_input_spec: {"*": {range_calculator_cls: ${key}}}
    op_output_spec: {"*": {range_calculator_cls: ${key}, dtype: uint8, qscheme: asymmetric}}
    op_state_spec: {weight: {range_calculator_cls: ${key}, granularity: {type: per_channel, axis: 0}}}
`)
  const quantizer = new Quantizer(
    new Sequential(new Linear(8, 16), new ReLU(), new Linear(16, 4)),
    config ?? new QuantizerConfig(),
  )
  const model = await quantizer.prepare([randn([2, 8])], { dynamicShapes: [{ 0: 'batch' }] })
  return { quantizer, model }
}

async function scalesOf(model: QuantizedModel): Promise<number[][]> {
  const found = Array.from(model.namedModules(), ([, module]) => module).filter(
    (module) => module instanceof FakeQuantize,
  )
  return Promise.all(found.map((fake) => numbers(fake.qparams().scale)))
}

async function calibrated(key: string, batches: readonly Tensor[]): Promise<number[][]> {
  const { quantizer, model } = await prepared(key)
  await quantizer.calibrate(batches)
  return scalesOf(model)
}

describe.each(['percentile', 'histogram_mse', 'entropy'])('Quantizer with the range calculator %s', (key) => {
  test(`Quantizer.calibrate() finds the same ${key} ranges whatever the size of the batches`, async () => {
    manualSeed(1)
    const data = randn([64, 8])
    const whole = await calibrated(key, [data])
    expect(whole.length).toBeGreaterThan(3)
    expect(whole.flat().every((scale) => scale > 1e-4 && scale < 1)).toBe(true)
    const split = (await calibrated(key, data.split([1, 40, 23]))).flat()
    // The same, but for what products of other shapes round otherwise.
    for (const [i, scale] of whole.flat().entries())
      expect(Math.abs((split[i] ?? Number.NaN) / scale - 1)).toBeLessThan(1e-3)
  })

  test(`Quantizer.finalize() keeps ${key} ranges, and training goes on with them`, async () => {
    const { quantizer, model } = await prepared(key)
    await quantizer.calibrate([randn([64, 8])])
    const x = randn([5, 8])
    {
      await using _ = quantizer.trainingMode()
      const optimizer = new SGD(model.parameters(), { lr: 0.01 })
      for (let i = 0; i < 2; i++) {
        optimizer.zeroGrad()
        const y = model(x) as Tensor
        y.mul(y).mean().backward()
        optimizer.step()
      }
    }
    const expected = await numbers(model(x) as Tensor)
    expect(expected.every(Number.isFinite)).toBe(true)
    const final = await quantizer.finalize({ backend: ExportBackend._TORCH })
    const found = await numbers(final(x) as Tensor)
    const peak = Math.max(...expected.map(Math.abs))
    expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeLessThan(
      peak * 1e-5,
    )
  })
})
