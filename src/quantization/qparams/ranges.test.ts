import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { readSafetensors } from '../../codec/safetensors.ts'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { ConfigError } from '../config-error.ts'
import { makeFakeQuantize } from '../fake-quantize/fake-quantizers.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import { rangeCalculators } from './range-calculators.ts'

/** A case of test/goldens/ranges.json, made by scripts/goldens/make_ranges.py. */
interface Golden {
  readonly data: string
  readonly batches: readonly string[]
  /** The largest magnitude. */
  readonly peak: number
  readonly dtype: string
  readonly qscheme: string
  readonly range: string
  readonly percentile?: number
  readonly expected: readonly [min: number, max: number]
  readonly onnxruntime?: readonly [min: number, max: number]
}

interface WeightGolden extends Omit<Golden, 'expected'> {
  readonly weight: string
  readonly expected: readonly (readonly [min: number, max: number])[]
}

const folder = new URL('../../../test/goldens/', import.meta.url)
const goldens: { readonly cases: readonly Golden[]; readonly weights: readonly WeightGolden[] } = JSON.parse(
  readFileSync(new URL('ranges.json', folder), 'utf8'),
)
const arrays = readSafetensors(readFileSync(new URL('ranges.safetensors', folder)))

const keys = ['percentile', 'histogram_mse', 'entropy'] as const

function calculator(key: string, options: object = {}, target: QuantizationTarget = 'activation') {
  const spec = QuantizationSpec.fromDict({ range_calculator_cls: key, ...options })
  return new (rangeCalculators.get(key))(spec, target)
}

function arrayOf(key: string): HostArray {
  const array = arrays.get(key)
  if (array === undefined) throw new RangeError(`Cannot find the golden tensor "${key}"`)
  return array
}

/** The range after some batches: its lower bounds, then its upper ones. */
async function rangeOf(
  key: string,
  batches: readonly Tensor[],
  { options = {}, blocks = [-1] }: { options?: object; blocks?: Blocks } = {},
): Promise<number[][]> {
  const range = calculator(key, options)
  let bounds: readonly Tensor[] = []
  for (const batch of batches) {
    const { min, max } = range(batch, blocks)
    bounds = [min, max]
  }
  return Promise.all(bounds.map(numbers))
}

describe('range calculators', () => {
  for (const {
    data,
    batches,
    peak,
    dtype,
    qscheme,
    range,
    percentile,
    expected,
    onnxruntime,
  } of goldens.cases) {
    test(`${range} finds the range of a plain implementation: ${data}, ${dtype}, ${qscheme}`, async () => {
      const options = { dtype, qscheme, ...(percentile === undefined ? {} : { percentile }) }
      const inputs = batches.map((key) => fromHost(arrayOf(key)))
      const found = (await rangeOf(range, inputs, { options, blocks: [-1, -1] })).flat()
      expectClose(found, expected)
      // ONNX Runtime's bins are others: a bound may be a bin off, of its 8192 for the whole range or of ours.
      for (const [i, bound] of (onnxruntime ?? []).entries())
        expect(Math.abs((found[i] ?? 0) - bound)).toBeLessThan(peak * (1 / 4096 + 1 / 2048))
    })
  }

  for (const { weight, dtype, qscheme, range, expected } of goldens.weights) {
    test(`${range} of a weight finds the range of a plain implementation: ${dtype}`, async () => {
      const { min, max } = calculator(range, { dtype, qscheme }, 'weight')(fromHost(arrayOf(weight)), [1, -1])
      expect(min.shape).toEqual([3, 1])
      expectClose(
        await numbers(min),
        expected.map(([bound]) => bound),
      )
      expectClose(
        await numbers(max),
        expected.map(([, bound]) => bound),
      )
    })
  }

  test.each(keys)('%s gives the same range however values are grouped into batches', async (key) => {
    const batch = fc.array(fc.float({ noNaN: true, min: -4, max: 4 }), { minLength: 8, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.tuple(batch, batch, batch), async ([a, b, c]) => {
        const whole = await rangeOf(key, [tensor([...a, ...b, ...c])])
        expect(
          await rangeOf(
            key,
            [a, b, c].map((values) => tensor(values)),
          ),
        ).toEqual(whole)
        expect(await rangeOf(key, [tensor(c), tensor([...b, ...a])])).toEqual(whole)
      }),
      { numRuns: 10 },
    )
  })

  test.each(keys)('%s gives a range that contains 0 and is not beyond the values', async (key) => {
    const list = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, max: 1e6, min: -1e6 }), {
      minLength: 8,
      maxLength: 8,
    })
    const scheme = fc.constantFrom('symmetric', 'asymmetric')
    await fc.assert(
      fc.asyncProperty(list, scheme, async (values, qscheme) => {
        const [[min = Number.NaN] = [], [max = Number.NaN] = []] = await rangeOf(key, [tensor(values)], {
          options: { qscheme },
        })
        expect(min <= 0 && max >= 0).toBe(true)
        expect(min >= Math.min(0, ...values) && max <= Math.max(0, ...values)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test.each(keys)('%s gives each block the range that it has by itself', async (key) => {
    const rows = [1, 100, 0.01].map((scale) =>
      Array.from({ length: 200 }, (_, i) => scale * Math.tan((i - 99.5) / 70)),
    )
    const [min = [], max = []] = await rangeOf(key, [tensor(rows.flat(), [3, 200])], { blocks: [1, -1] })
    for (const [i, row] of rows.entries())
      expect(await rangeOf(key, [tensor(row)])).toEqual([[min[i]], [max[i]]])
  })

  test.each(keys)('%s does not count infinities, and lets NaN be seen', async (key) => {
    const finite = [1, -2, 3, 0, 0.5, -0.25, 2, 1]
    const expected = await rangeOf(key, [tensor(finite)])
    const odd = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(await rangeOf(key, [tensor([...finite, ...odd])])).toEqual(expected)
    const range = await rangeOf(key, [tensor(finite), tensor([...finite, Number.NaN])])
    expect(range).toEqual([[Number.NaN], [Number.NaN]])
  })

  test.each(keys)('%s of zeros, of one value, and of denormals', async (key) => {
    expect((await rangeOf(key, [tensor([0, -0, 0])])).flat().map((bound) => bound + 0)).toEqual([0, 0])
    const [[min = 1] = [], [max = 0] = []] = await rangeOf(key, [tensor([5])])
    expect(min + 0).toBe(0)
    expect(max).toBeGreaterThan(4.9)
    const tiny = (await rangeOf(key, [tensor([1e-40, -1e-45])])).flat()
    expect(tiny.every((bound) => Math.abs(bound) <= 1e-40)).toBe(true)
  })

  test.each(keys)('%s refuses a tensor without elements', (key) => {
    const range = calculator(key)
    expect(() => range(tensor([], [0, 4]), [-1, -1])).toThrow(
      new RangeError(
        `Cannot record "lowbit.block_range" in the model (${range.constructor.name}): expected blocks with elements, got none in [0, 4]`,
      ),
    )
  })

  test.each(keys)('%s heeds the bounds of the spec', async (key) => {
    const batch = tensor(Array.from({ length: 100 }, (_, i) => i - 50))
    expect(await rangeOf(key, [batch], { options: { float_range: [-7, 8] } })).toEqual([[-7], [8]])
    const [[min] = [], [max = 0] = []] = await rangeOf(key, [batch], { options: { float_range: [-7, null] } })
    expect(min).toBe(-7)
    expect(max).toBeGreaterThan(24)
  })

  test('percentile leaves outliers out', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i - 500) / 500)
    const options = { qscheme: 'asymmetric', percentile: 99 }
    const [[min = 0] = [], [max = 0] = []] = await rangeOf('percentile', [tensor([...values, 1000])], {
      options,
    })
    expect(min).toBe(-1)
    expect(max).toBe(1)
  })

  test('histogram_mse keeps the state of its histogram in memory that does not grow', async () => {
    const range = calculator('histogram_mse')
    for (const length of [8, 800, 80]) range(tensor(new Array(length).fill(1)), [-1])
    expect(
      Object.fromEntries(Array.from(range.namedBuffers(), ([name, { shape }]) => [name, shape])),
    ).toEqual({
      counts: [1, 4096],
      width: [1, 1],
      running_min: [1, 1],
      running_max: [1, 1],
    })
    expect([...calculator('histogram_mse', {}, 'weight').namedBuffers()]).toEqual([])
  })

  test('a config file names range calculators, and the calculator that goes with them is static', async () => {
    const config = QuantizerConfig.fromYaml(`
quantization_config:
  global_config:
    op_input_spec: {"*": {range_calculator_cls: percentile, percentile: 99.9}}
    op_output_spec: {"*": {range_calculator_cls: entropy, dtype: uint8}}
    op_state_spec: {weight: {range_calculator_cls: histogram_mse, granularity: {type: per_channel, axis: 0}}}
`)
    const { opInputSpec, opOutputSpec, opStateSpec } = config?.globalConfig ?? {}
    expect(opInputSpec?.get('*')).toMatchObject({ rangeCalculator: 'percentile', percentile: 99.9 })
    expect(opInputSpec?.get('*')?.toDict()).toMatchObject({ percentile: 99.9 })
    expect(opOutputSpec?.get('*')?.rangeCalculator).toBe('entropy')
    const spec = opStateSpec?.get('weight') ?? new QuantizationSpec()
    const fake = makeFakeQuantize(spec, 'weight')
    expect((await numbers(fake(tensor([1, 2, 3, 4], [2, 2])))).length).toBe(4)
    const activation = makeFakeQuantize(new QuantizationSpec({ rangeCalculator: 'percentile' }), 'activation')
    expect(activation.qparams_calculator.constructor.name).toBe('StaticCalculator')
  })

  test.each(['dynamic', 'moving_average', 'global_minmax'])(
    'percentile refuses the %s calculator, which would average what takes in all tensors itself',
    (qparamCalculator) => {
      const make = () => new QuantizationSpec({ rangeCalculator: 'percentile', qparamCalculator })
      expect(make).toThrow(ConfigError)
      expect(make).toThrow(
        `Cannot read "qparamCalculator": expected the static calculator for the percentile range, got "${qparamCalculator}"\n` +
          'Hint: such a range takes in all tensors itself: leave the calculator out',
      )
    },
  )
})

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  for (const [i, value] of expected.entries())
    expect(Math.abs((found[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value))
}
