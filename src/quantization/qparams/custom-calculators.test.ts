import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { makeFakeQuantize } from '../fake-quantize/fake-quantizers.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { StaticCalculator } from './calculators.ts'
import type { QParams } from './qparams.ts'
import { qparamsCalculators } from './qparams-calculators.ts'
import { RangeCalculator, type TensorRange } from './range-calculator.ts'
import { rangeCalculators } from './range-calculators.ts'

/** As a user would write it: per tensor, the magnitude that 99% of the values do not exceed, by halving an interval. */
class Percentile99 extends RangeCalculator {
  override forward(x: Tensor): TensorRange {
    const magnitudes = x.detach().abs()
    let high = magnitudes.amax([], { keepdim: true })
    let low = high.mul(0)
    for (let i = 0; i < 24; i++) {
      const middle = low.add(high).mul(0.5)
      const holds = magnitudes.le(middle).to('float32').mean([], { keepdim: true }).ge(0.99).to('float32')
      low = low.add(middle.sub(low).mul(holds.rsub(1)))
      high = high.add(middle.sub(high).mul(holds))
    }
    return { min: high.neg(), max: high }
  }
}

/** As a user would write it: scales are the next power of two. */
class PowerOfTwo extends StaticCalculator {
  protected override qparamsOf(range: TensorRange): QParams {
    const qparams = super.qparamsOf(range)
    const powers = tensor(Array.from({ length: 40 }, (_, i) => 2 ** (i - 23)))
    const above = qparams.scale.unsqueeze(-1).gt(powers).to('int64').sum(-1)
    return { ...qparams, scale: powers.index(above) }
  }
}

/** A config file that names both. */
const YAML = `
quantization_config:
  global_config:
    op_input_spec: {"*": {range_calculator_cls: percentile_99, qparam_calculator_cls: power_of_two}}
    op_state_spec:
      weight: {dtype: int4, qparam_calculator_cls: power_of_two, granularity: {type: per_channel, axis: 0}}
`

/** Runs with both calculators registered. */
async function registered(body: () => Promise<void>): Promise<void> {
  rangeCalculators.register('percentile_99', Percentile99)
  qparamsCalculators.register('power_of_two', PowerOfTwo)
  try {
    await body()
  } finally {
    rangeCalculators.unregister('percentile_99')
    qparamsCalculators.unregister('power_of_two')
  }
}

describe('calculators of users', () => {
  test("rangeCalculators.register() lets a spec name a range calculator of one's own", async () => {
    await registered(async () => {
      const spec = QuantizationSpec.fromDict({
        range_calculator_cls: 'percentile_99',
        qparam_calculator_cls: 'static',
      })
      const fake = makeFakeQuantize(spec, 'activation')
      const values = [...Array.from({ length: 99 }, (_, i) => (i - 49) / 49), 1000]
      const quantized = await numbers(fake(tensor(values)))
      const [scale = 0] = await numbers(fake.qparams().scale)
      expect(Math.abs(scale * 127.5 - 1)).toBeLessThan(1e-4)
      expect(quantized.at(-1)).toBeCloseTo(127 * scale, 6)
      expect(
        Math.max(...quantized.slice(0, -1).map((value, i) => Math.abs(value - (values[i] ?? 0)))),
      ).toBeLessThanOrEqual(0.51 * scale)
    })
  })

  test("qparamsCalculators.register() lets a spec name a calculator of one's own", async () => {
    await registered(async () => {
      const fake = makeFakeQuantize(
        QuantizationSpec.fromDict({ qparam_calculator_cls: 'power_of_two' }),
        'weight',
      )
      // 100 / 127.5 lies between 2^-1 and 2^0.
      expect(await numbers(fake(tensor([100, -3.4, 0.5])))).toEqual([100, -3, 0])
      expect(await numbers(fake.qparams().scale)).toEqual([1])
    })
  })

  test('QuantizerConfig.fromYaml() takes calculators that are registered, and writes them back', async () => {
    await registered(async () => {
      const config = QuantizerConfig.fromYaml(YAML)
      const { opInputSpec, opStateSpec } = config?.globalConfig ?? {}
      const activation = makeFakeQuantize(opInputSpec?.get('*') ?? new QuantizationSpec(), 'activation')
      const weight = makeFakeQuantize(opStateSpec?.get('weight') ?? new QuantizationSpec(), 'weight')
      await activation(tensor([...new Array(99).fill(1), 1000])).realize()
      expect(await numbers(activation.qparams().scale)).toEqual([2 ** -6])
      expect(await numbers(weight(tensor([1, 7, 0.1, 30], [2, 2])))).toEqual([1, 7, 0, 28])
      expect(await numbers(weight.qparams().scale)).toEqual([1, 4])
      const again = QuantizerConfig.fromYaml(config?.toYaml() ?? '')
      expect(again?.toDict()).toEqual(config?.toDict())
    })
  })

  test('QuantizerConfig.fromYaml() refuses a calculator that nobody registered, and says which there are', () => {
    expect(() =>
      QuantizerConfig.fromYaml(
        YAML.replace('percentile_99', 'percentil').replaceAll('power_of_two', 'static'),
      ),
    ).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message:
          'Cannot read "global_config.op_input_spec.*.range_calculator_cls": expected a registered range calculator ' +
          '(minmax, percentile, histogram_mse, entropy), got "percentil" (line 4, column 27)\n' +
          'Hint: did you mean "percentile"?',
      }),
    )
  })
})
