import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import { StateError } from '../engine/state-error.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Sequential } from '../nn/layers/sequential.ts'
import { ExecutionMode } from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { defaultPatterns } from './graph/patterns.ts'
import { Quantizer } from './quantizer.ts'

afterAll(() => closeEngine())

const x = randn([2, 4])

/** What JavaScript hands over, whatever the types say. */
function untyped<T>(value: unknown): T {
  return Object(value) === value ? Object(value) : (value as T)
}

function quantizerFor(executionMode: ExecutionMode, model = new Sequential(new Linear(4, 2))): Quantizer {
  return new Quantizer(model, new QuantizerConfig({ executionMode }))
}

async function prepared(executionMode: ExecutionMode): Promise<Quantizer> {
  const quantizer = quantizerFor(executionMode)
  await quantizer.prepare([x])
  return quantizer
}

describe('Quantizer', () => {
  test('Quantizer refuses what are no patterns', () => {
    const patterned = (patterns: unknown) => () =>
      new Quantizer(new Linear(4, 2), null, { patterns: untyped(patterns) })
    expect(patterned(3)).toThrow(
      new TypeError('Cannot quantize with patterns: expected an array of them, got number'),
    )
    for (const wrong of [
      { name: 'x', steps: [] },
      { name: 'x', steps: ['linear'] },
      { steps: [['linear']] },
    ]) {
      expect(patterned([...defaultPatterns, wrong])).toThrow(
        new TypeError(
          `Cannot quantize with pattern ${defaultPatterns.length}: expected a name and steps that are lists of types of operations, got ${JSON.stringify(wrong)}`,
        ),
      )
    }
  })

  test('Quantizer.inspect() and getCompressibleOpNames() refuse inputs that are no array', async () => {
    expect(() => quantizerFor('graph').inspect(untyped(x))).toThrow(
      new TypeError(
        'Cannot inspect a model: expected an array of example inputs, got object\nHint: [x] gives one input',
      ),
    )
    for (const mode of [ExecutionMode.GRAPH, ExecutionMode.EAGER]) {
      await expect(Quantizer.getCompressibleOpNames(new Linear(4, 2), mode, untyped(x))).rejects.toThrow(
        new TypeError(
          'Cannot list the operations of a model: expected an array of example inputs, got object\nHint: [x] gives one input',
        ),
      )
    }
  })

  test('Quantizer.prepare() in eager mode names the operation that gets something else than a tensor', async () => {
    await expect(quantizerFor('eager').prepare([3])).rejects.toThrow(
      new TypeError('Cannot call "linear" in module "0": expected a tensor as input 0, got number'),
    )
  })

  test('Quantizer.prepare() in eager mode refuses a model that another quantizer prepared', async () => {
    const model = new Sequential(new Linear(4, 2))
    const first = quantizerFor('eager', model)
    await first.prepare([x])
    await expect(quantizerFor('eager', model).prepare([x])).rejects.toThrow(
      new StateError(
        'Cannot prepare "Sequential": expected a model without fake quantizers, got one that another quantizer prepared',
      ),
    )
    await first.calibrate([x])
  })
})

describe.each([ExecutionMode.GRAPH, ExecutionMode.EAGER])('Quantizer in %s mode', (mode) => {
  test('Quantizer.calibrate() refuses numbers in place of tensors, and goes on with tensors', async () => {
    const quantizer = await prepared(mode)
    await expect(quantizer.calibrate([3])).rejects.toThrow(
      mode === 'eager'
        ? new TypeError('Cannot quantize a value: expected a tensor, got number')
        : new TypeError('Cannot flatten a result: expected tensors in arrays or plain objects, got number'),
    )
    await quantizer.calibrate([x])
  })

  test('Quantizer takes no other object for a model or a config', () => {
    expect(() => new Quantizer(untyped<never>({}))).toThrow(
      new TypeError('Cannot quantize a model: expected a module, got object'),
    )
    expect(() => new Quantizer(new Linear(4, 2), untyped<never>({ executionMode: mode }))).toThrow(
      new TypeError(
        'Cannot quantize a model: expected a QuantizerConfig, got object\nHint: QuantizerConfig.fromDict reads plain objects',
      ),
    )
  })

  test('Quantizer takes no other object for a prepared model, and stays usable', async () => {
    const quantizer = await prepared(mode)
    for (const [action, call] of [
      ['calibrate', () => quantizer.calibrationMode({ model: untyped(null) })],
      ['train', () => quantizer.trainingMode({ model: untyped(null) })],
    ] as const)
      expect(call).toThrow(new TypeError(`Cannot ${action} a model: expected a module, got null`))
    await expect(quantizer.finalize({ model: untyped({}) })).rejects.toThrow(
      new TypeError('Cannot finalize a model: expected a module, got object'),
    )
    expect(() => quantizer.enableObserver(untyped(null))).toThrow(
      new RangeError('Cannot switch fake quantizers: expected a module of the model, got another Object'),
    )
    await quantizer.calibrate([x])
  })

  test.each([
    [null, 'null'],
    [3, 'number'],
    ['x', 'string'],
    [{}, 'object'],
  ])('Quantizer.calibrate() takes %j for no batches', async (data, got) => {
    const quantizer = await prepared(mode)
    await expect(quantizer.calibrate(untyped(data))).rejects.toThrow(
      new TypeError(`Cannot calibrate: expected an iterable of batches, got ${got}`),
    )
  })
})
