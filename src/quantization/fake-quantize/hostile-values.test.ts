import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { Parameter } from '../../nn/parameter.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { PerBlock, PerChannel } from '../spec/granularity.ts'
import { QuantizationSpec, type SpecOptions } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import { makeFakeQuantize } from './fake-quantizers.ts'

const DTYPES = [
  'int8',
  'uint8',
  'int4',
  'uint4',
  'int2',
  'uint2',
  'float8_e4m3fn',
  'float8_e5m2',
  'float4_e2m1fn',
] as const
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
const TINY = 2 ** -23

async function quantized(
  values: readonly number[],
  options: SpecOptions = {},
  target: QuantizationTarget = 'weight',
  shape: readonly number[] = [values.length],
): Promise<{ values: number[]; scale: number[] }> {
  const fake = makeFakeQuantize(new QuantizationSpec(options), target, { logger: { warn() {} } })
  const output = await numbers(fake(tensor(values, shape)))
  return { values: output, scale: await numbers(fake.qparams().scale) }
}

describe('fake quantizers with hostile values', () => {
  for (const target of ['weight', 'activation'] as const) {
    test(`FakeQuantize of a NaN in ${target}s makes its whole block NaN, and no other`, async () => {
      const granularity = new PerChannel(0)
      const result = await quantized([1, nan, 127.5, 1], { granularity }, target, [2, 2])
      expect(result).toEqual({ values: [nan, nan, 127, 1], scale: [nan, 1] })
    })

    test(`FakeQuantize of an infinity in ${target}s has an infinite scale, which nothing survives`, async () => {
      const { values, scale } = await quantized([1, infinity, -2], {}, target)
      expect(scale).toEqual([infinity])
      expect(values).toEqual([nan, nan, nan])
    })

    test.each(DTYPES)(`FakeQuantize keeps zeros of ${target}s in %s`, async (dtype) => {
      const { values, scale } = await quantized([0, 0, 0], { dtype }, target)
      expect(values).toEqual([0, 0, 0])
      expect(scale).toEqual([dtype === 'float4_e2m1fn' ? 2 ** -126 : TINY])
    })

    test(`FakeQuantize of denormal ${target}s gives 0 with the smallest scale`, async () => {
      expect(await quantized([1e-45, -1e-40, 1e-39], {}, target)).toEqual({
        values: [0, 0, 0],
        scale: [TINY],
      })
    })

    test(`FakeQuantize of one value in ${target}s keeps it within half a step`, async () => {
      for (const qscheme of ['symmetric', 'asymmetric', 'symmetric_with_clipping'] as const) {
        const { values, scale } = await quantized([-3.7], { qscheme }, target)
        expect(Math.abs((values[0] ?? nan) + 3.7)).toBeLessThanOrEqual(0.5001 * (scale[0] ?? nan))
      }
    })

    test(`FakeQuantize refuses ${target}s without elements`, () => {
      const fake = makeFakeQuantize(new QuantizationSpec(), target)
      expect(() => fake(tensor([], [0, 4]))).toThrow(
        new RangeError(
          'Cannot record "lowbit.block_range" in module "qparams_calculator.range_calculator" (MinMaxRange): expected blocks with elements, got none in [0, 4]',
        ),
      )
    })

    test(`FakeQuantize of ${target}s whose blocks do not divide warns once and leaves them as they are`, () => {
      const warnings: string[] = []
      const spec = new QuantizationSpec({ granularity: new PerBlock(4, 1) })
      const fake = makeFakeQuantize(spec, target, { logger: { warn: (text) => warnings.push(text) } })
      const x = tensor(new Array(20).fill(1), [2, 10])
      expect([fake(x), fake(x)]).toEqual([x, x])
      expect(warnings).toEqual([
        'A fake quantizer switches itself off: Cannot divide [2, 10] into blocks: expected a size that divides 10, got 4 (dimension 1)',
      ])
    })
  }

  test('FakeQuantize with the observer off throws for a tensor whose blocks do not divide', async () => {
    const fake = makeFakeQuantize(new QuantizationSpec({ granularity: new PerBlock(4, 1) }), 'weight')
    await fake(tensor(new Array(16).fill(1), [2, 8])).realize()
    fake.disableObserver()
    const odd = tensor(new Array(20).fill(1), [2, 10])
    expect(() => fake(odd)).toThrow(
      new ShapeError(
        'Cannot divide [2, 10] into blocks: expected a size that divides 10, got 4 (dimension 1)',
      ),
    )
  })

  test('FakeQuantize makes gradients NaN where NaN meets a gradient of infinity outside of the range, and only there', async () => {
    const x = new Parameter(fromValues('float32', [4], [1, 500, -500, 2]))
    const fake = makeFakeQuantize(new QuantizationSpec({ floatRange: [-127.5, 127.5] }), 'activation')
    fake(x).backward(tensor([infinity, infinity, nan, 3]))
    expect(await numbers(x.grad ?? x)).toEqual([infinity, nan, nan, 3])
  })

  test('FakeQuantize gives values that it gives back unchanged', async () => {
    const list = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 6, maxLength: 6 })
    const dtype = fc.constantFrom(...DTYPES)
    await fc.assert(
      fc.asyncProperty(list, dtype, async (values, name) => {
        const fake = makeFakeQuantize(new QuantizationSpec({ dtype: name }), 'weight')
        const once = await numbers(fake(tensor(values)))
        fake.disableObserver()
        expect(await numbers(fake(tensor(once)))).toEqual(once)
      }),
      { numRuns: 40 },
    )
  })
})
