import { expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { StaticCalculator } from './calculators.ts'
import type { QParams } from './qparams.ts'
import { qparamsCalculators } from './qparams-calculators.ts'
import { RangeCalculator, type TensorRange } from './range-calculator.ts'
import { rangeCalculators } from './range-calculators.ts'

/** As a user would write it: twice the mean magnitude, per tensor. */
class TwiceTheMean extends RangeCalculator {
  override forward(x: Tensor): TensorRange {
    const bound = x.abs().mean([], { keepdim: true }).mul(2)
    return { min: bound.neg(), max: bound }
  }
}

/** Scales rounded up to powers of two. */
class PowerOfTwo extends StaticCalculator {
  protected override qparamsOf(range: TensorRange): QParams {
    const qparams = super.qparamsOf(range)
    const exponent = qparams.scale.log().mul(Math.LOG2E).ceil()
    return { ...qparams, scale: exponent.mul(Math.LN2).exp() }
  }
}

test("rangeCalculators.register() lets a spec name a range calculator of one's own", async () => {
  rangeCalculators.register('twice_the_mean', TwiceTheMean)
  const spec = QuantizationSpec.fromDict({ range_calculator_cls: 'twice_the_mean' })
  const fake = new FakeQuantize(spec, 'activation')
  rangeCalculators.unregister('twice_the_mean')
  expect(await numbers(fake(tensor([63.75, -63.75, 127.5, 0], [4])))).toEqual([64, -64, 127, 0])
  expect(await numbers(fake.qparams().scale)).toEqual([1])
})

test("qparamsCalculators.register() lets a spec name a calculator of one's own", async () => {
  qparamsCalculators.register('power_of_two', PowerOfTwo)
  const spec = QuantizationSpec.fromDict({ qparam_calculator_cls: 'power_of_two' })
  const fake = new FakeQuantize(spec, 'weight')
  qparamsCalculators.unregister('power_of_two')
  await fake(tensor([100])).realize()
  const [scale = 0] = await numbers(fake.qparams().scale)
  expect(scale).toBeCloseTo(1, 5)
  expect(() => QuantizationSpec.fromDict({ qparam_calculator_cls: 'power_of_two' })).toThrow(
    'expected a registered qparam calculator',
  )
})
