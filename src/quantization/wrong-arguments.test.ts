import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { recorder } from '../engine/recorder.ts'
import { Linear } from '../nn/layers/linear.ts'
import { ExecutionMode } from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { Quantizer } from './quantizer.ts'

afterAll(() => recorder.device.close())

/** What JavaScript passes where the types are not looked at. */
const wrong = (value: unknown): never => value as never

describe.each([ExecutionMode.GRAPH, ExecutionMode.EAGER])('in %s mode', (executionMode) => {
  const open = async () => {
    const quantizer = new Quantizer(new Linear(4, 2), new QuantizerConfig({ executionMode }))
    await quantizer.prepare([randn([2, 4])])
    return quantizer
  }

  test('Quantizer takes no other object for a model or a config', () => {
    expect(() => new Quantizer(wrong({}))).toThrow(
      new TypeError('Cannot quantize a model: expected a module, got object'),
    )
    expect(() => new Quantizer(new Linear(4, 2), wrong({ executionMode }))).toThrow(
      new TypeError(
        'Cannot quantize a model: expected a QuantizerConfig, got object\nHint: QuantizerConfig.fromDict reads plain objects',
      ),
    )
  })

  test('Quantizer takes no other object for a prepared model, and stays usable', async () => {
    const quantizer = await open()
    for (const [action, call] of [
      ['calibrate', () => quantizer.calibrationMode({ model: wrong(null) })],
      ['train', () => quantizer.trainingMode({ model: wrong(null) })],
    ] as const)
      expect(call).toThrow(new TypeError(`Cannot ${action} a model: expected a module, got null`))
    await expect(quantizer.finalize({ model: wrong({}) })).rejects.toThrow(
      new TypeError('Cannot finalize a model: expected a module, got object'),
    )
    expect(() => quantizer.enableObserver(wrong(null))).toThrow(
      new RangeError('Cannot switch fake quantizers: expected a module of the model, got another Object'),
    )
    await quantizer.calibrate([randn([2, 4])])
  })

  test.each([
    [null, 'null'],
    [3, 'number'],
    ['x', 'string'],
    [{}, 'object'],
  ])('Quantizer.calibrate() takes %j for no batches', async (data, got) => {
    const quantizer = await open()
    await expect(quantizer.calibrate(wrong(data))).rejects.toThrow(
      new TypeError(`Cannot calibrate: expected an iterable of batches, got ${got}`),
    )
  })
})
