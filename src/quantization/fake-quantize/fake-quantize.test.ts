import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost } from '../../engine/tensor.ts'
import { Parameter } from '../../nn/parameter.ts'
import { loadStateDict, stateDict } from '../../nn/state-dict.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { PerBlock, PerChannel, PerTensor } from '../spec/granularity.ts'
import { DEFAULT_ACTIVATION_SPEC, DEFAULT_WEIGHT_SPEC, QuantizationSpec } from '../spec/quantization-spec.ts'
import { FakeQuantize } from './fake-quantize.ts'
import { fakeQuantizers, makeFakeQuantize } from './fake-quantizers.ts'

const silent = { logger: { warn() {} } }

/** A quantizer of powers of two, whose numbers are easy to follow: int8 steps of 1 for a range of [-127.5, 127.5]. */
const step = (spec: QuantizationSpec = DEFAULT_ACTIVATION_SPEC) =>
  new FakeQuantize(spec, 'activation', silent)

describe('FakeQuantize', () => {
  test('FakeQuantize gives values that int8 can hold, from the first call on', async () => {
    const fake = step()
    expect(await numbers(fake(tensor([127.5, 0.5, 1.5, -0.4, -127.5])))).toEqual([127, 0, 2, 0, -128])
    expect(await numbers(fake.qparams().scale)).toEqual([1])
  })

  test('FakeQuantize lets gradients pass inside the range', async () => {
    const x = new Parameter(fromValues('float32', [4], [127.5, 127.4, -128.6, 3]))
    const fake = step(DEFAULT_ACTIVATION_SPEC.with({ floatRange: [-127.5, 127.5] }))
    fake(x).backward(tensor([2, 3, -4, 5]))
    expect(await numbers(x.grad ?? x)).toEqual([0, 3, -0, 5])
  })

  test('FakeQuantize averages ranges, and keeps them while the observer is off', async () => {
    const fake = step()
    for (const peak of [127.5, 255]) await fake(tensor([peak])).realize()
    const average = Math.fround(Math.fround(Math.fround(0.01) * 255) + Math.fround(Math.fround(0.99) * 127.5))
    expect(await numbers(fake.qparams().scale)).toEqual([Math.fround(average / 127.5)])
    fake.disableObserver()
    await fake(tensor([1000])).realize()
    expect(await numbers(fake.qparams().scale)).toEqual([Math.fround(average / 127.5)])
  })

  test('FakeQuantize of weights has a scale for each channel', async () => {
    const fake = new FakeQuantize(DEFAULT_WEIGHT_SPEC, 'weight')
    await fake(tensor([127.5, 1, 255, -1], [2, 2])).realize()
    expect(fake.qparams().scale.shape).toEqual([2, 1])
    expect(await numbers(fake.qparams().scale)).toEqual([1, 2])
  })

  test('FakeQuantize that is switched off gives its input itself', async () => {
    const fake = step()
    const x = tensor([1])
    fake.disableFakeQuant()
    expect(fake(x)).toBe(x)
    expect(fake.isInitialized).toBe(true)
  })

  test('FakeQuantize compiles nothing for the second of equal steps', async () => {
    const fake = step()
    const compiled: number[] = []
    for (let i = 0; i < 4; i++) {
      await fake(tensor([i, 1])).realize()
      compiled.push(recorder.sessions.stats.compiled)
    }
    expect(compiled[3]).toBe(compiled[1])
  })

  test('FakeQuantize throws when it has to quantize before it observed anything', () => {
    const fake = step()
    fake.disableObserver()
    const x = tensor([1])
    expect(() => fake(x)).toThrow(
      expect.objectContaining({
        name: 'StateError',
        message:
          'Cannot quantize a tensor: expected a fake quantizer that has observed one, got one that has not',
      }),
    )
    fake.disableFakeQuant()
    expect(fake(x)).toBe(x)
  })

  test('FakeQuantize gives up, with a warning, on a tensor that does not divide into its blocks', async () => {
    const warnings: string[] = []
    const spec = new QuantizationSpec({ dtype: 'int4', granularity: new PerBlock(4, 1) })
    const fake = new FakeQuantize(spec, 'activation', { logger: { warn: (text) => warnings.push(text) } })
    const x = tensor(new Array(15).fill(1), [3, 5])
    expect(fake(x)).toBe(x)
    expect(fake.isDisabled).toBe(true)
    expect(warnings).toEqual([
      'A fake quantizer switches itself off: Cannot divide [3, 5] into blocks: expected a size that divides 5, got 4 (dimension 1)',
    ])
    const even = tensor(new Array(12).fill(1), [3, 4])
    expect(fake(even)).toBe(even)
  })

  test('FakeQuantize refuses a tensor with other channels than it has scales for', async () => {
    const fake = step(new QuantizationSpec({ granularity: new PerChannel(0) }))
    await fake(tensor([1, 2], [2, 1])).realize()
    expect(() => fake(tensor([1, 2, 3], [3, 1]))).toThrow(ShapeError)
    fake.disableObserver()
    expect(() => fake(tensor([1, 2, 3], [3, 1]))).toThrow(
      'Cannot record "lowbit.fake_quantize" in the model (FakeQuantize): expected qparams of shape [3, 1] for [3, 1], got [2, 1]',
    )
  })

  test('FakeQuantize.setGranularity() works before the first observation only', () => {
    const fake = step()
    fake.setGranularity(new PerChannel(0))
    fake(tensor([1, 2], [2, 1]))
    expect(() => fake.setGranularity(new PerTensor())).toThrow(
      'Cannot set the granularity: expected a fake quantizer that has observed nothing, got one that has',
    )
  })

  test('FakeQuantize of a dynamic calculator computes every call anew and keeps nothing', async () => {
    const fake = step(new QuantizationSpec({ qparamCalculator: 'dynamic' }))
    fake.disableObserver()
    expect(fake.observerEnabled).toBe(true)
    expect(await numbers(fake(tensor([127.5, 0.6])))).toEqual([127, 1])
    expect(await numbers(fake(tensor([255, 0.6])))).toEqual([254, 0])
    expect([...fake.namedBuffers()].map(([name]) => name)).toEqual([
      'observer_enabled',
      'fake_quant_enabled',
      '_disabled',
    ])
    expect(() => fake.qparams()).toThrow(
      'Cannot get qparams: expected a calculator that keeps them, got a dynamic one',
    )
    expect(() => fake.setExportMode(true)).toThrow('Cannot export a fake quantizer')
    expect(() => new FakeQuantize(fake.spec, 'weight')).toThrow('Hint: dynamic is for activations only')
  })

  test('FakeQuantize has the state names of the Python library, switches included', async () => {
    const fake = step()
    await fake(tensor([127.5])).realize()
    fake.disableObserver()
    const dict = await stateDict(fake)
    expect([...dict.keys()].sort()).toEqual([
      '_disabled',
      'fake_quant_enabled',
      'observer_enabled',
      'qparams_calculator.minval',
      'qparams_calculator.running_max',
      'qparams_calculator.running_min',
      'qparams_calculator.scale',
      'qparams_calculator.zero_point',
    ])
    const other = step()
    other(tensor([1]))
    loadStateDict(other, dict)
    expect(other.observerEnabled).toBe(false)
    expect(await numbers(other.qparams().scale)).toEqual([1])
    expect(() => loadStateDict(step(), dict)).toThrow(ShapeError)
  })

  test('FakeQuantize rounds float16 values to float16', async () => {
    const fake = step()
    const y = fake(fromHost(fromValues('float16', [2], [127.5, 0.3])))
    expect(y.dtype).toBe('float16')
    expect(await numbers(y)).toEqual([127, 0])
  })

  test('makeFakeQuantize() makes the class that a spec names', async () => {
    class Halving extends FakeQuantize {
      override forward(x: Parameters<FakeQuantize['forward']>[0]): ReturnType<FakeQuantize['forward']> {
        return super.forward(x).mul(0.5)
      }
    }
    fakeQuantizers.register('halving', Halving)
    const fake = makeFakeQuantize(QuantizationSpec.fromDict({ fake_quantize_cls: 'halving' }), 'activation')
    fakeQuantizers.unregister('halving')
    expect(await numbers(fake(tensor([127.5])))).toEqual([63.5])
  })
})
