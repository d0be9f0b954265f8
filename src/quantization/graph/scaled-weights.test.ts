import { afterAll, expect, test } from 'vitest'
import { manualSeed } from '../../engine/generator.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import { BatchNorm2d } from '../../nn/layers/batch-norm.ts'
import { Conv2d } from '../../nn/layers/convolution.ts'
import { Module } from '../../nn/module.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { Random } from '../../tensor/random.ts'
import { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { Quantizer } from '../quantizer.ts'
import { PerBlock, PerTensor } from '../spec/granularity.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'

afterAll(() => recorder.device.close())

class Normed extends Module {
  readonly conv: Conv2d = new Conv2d(3, 4, 3, { bias: false })
  readonly norm: BatchNorm2d = new BatchNorm2d(4)

  override forward(x: Tensor): Tensor {
    return this.norm(this.conv(x))
  }
}

const x = fromHost(fromTypedArray(new Random(7).normal(2 * 3 * 6 * 6), [2, 3, 6, 6]))

test.each([
  ['int8 by channels', {}],
  ['int4 with one scale', { dtype: 'int4', granularity: new PerTensor() }],
  ['fp8', { dtype: 'float8_e4m3fn' }],
  ['asymmetric', { qscheme: 'asymmetric' }],
  ['blocks', { granularity: new PerBlock(3, 1) }],
] as const)(
  'a weight that is quantized in the scale of a batch norm has the values and gradients of its steps: %s',
  async (_name, spec) => {
    const opStateSpec = { weight: new QuantizationSpec(spec) }
    const globalConfig = new ModuleQuantizerConfig({ opStateSpec, opInputSpec: null, opOutputSpec: null })
    // A run changes the statistics that the next one begins with: each has a model of its own.
    const results = async (run: (prepared: GraphModule) => Tensor) => {
      manualSeed(5)
      const model = new Normed()
      model.norm.weight?.assign(fromHost(fromTypedArray(Float32Array.of(0.5, -2, 1, 3), [4])))
      const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ globalConfig }))
      const prepared = await quantizer.prepare([x])
      if (!(prepared instanceof GraphModule)) throw new TypeError('expected a captured model')
      await using _mode = quantizer.trainingMode()
      const y = run(prepared)
      y.mul(y).mul(y).sum().backward()
      const grads = Array.from(prepared.parameters(), ({ grad }) => grad)
      return Promise.all(
        [y, ...grads].map(async (each) => (each ? Array.from(await each.data(), Number) : [])),
      )
    }
    const whole = await results((prepared) => prepared(x) as Tensor)
    const steps = await results((prepared) => {
      const [output] = prepared.graph.outputs
      return prepared.trace(x).get(output?.node?.name ?? '') as Tensor
    })
    expect(whole).toHaveLength(4)
    for (const [i, values] of whole.entries()) {
      const expected = steps[i] ?? []
      const largest = Math.max(...expected.map(Math.abs))
      expect(values).toHaveLength(expected.length)
      expect(largest).toBeGreaterThan(0)
      for (const [k, value] of values.entries())
        expect(Math.abs(value - (expected[k] ?? 0)) / largest).toBeLessThan(1e-5)
    }
  },
)
