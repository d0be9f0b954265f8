import { afterAll, expect, test } from 'vitest'
import { randn, tensor } from '../../engine/create-tensors.ts'
import { manualSeed } from '../../engine/generator.ts'
import { noGrad, recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { Embedding } from '../../nn/layers/embedding.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Module } from '../../nn/module.ts'
import { SGD } from '../../nn/optimizers/sgd.ts'
import { Parameter } from '../../nn/parameter.ts'
import { loadStateDict, stateDict } from '../../nn/state-dict.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ExecutionMode } from '../config/execution-mode.ts'
import { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { QATSchedule } from '../config/qat-schedule.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import type { QuantizerConfigOptions } from '../config/quantizer-config-options.ts'
import { Quantizer } from '../quantizer.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { inspectEager } from './inspection.ts'

afterAll(() => recorder.device.close())

const executionMode = ExecutionMode.EAGER
const warnings: string[] = []
const logger = { warn: (message: string) => void warnings.push(message) }

function quantizerFor<M extends Module<never, unknown>>(
  model: M,
  options: QuantizerConfigOptions = {},
): Quantizer<M> {
  return new Quantizer(model, new QuantizerConfig({ ...options, executionMode }), { logger })
}

const weightsOnly = { globalConfig: ModuleQuantizerConfig.w8() }

/** Adds as often as it is told, outside of its layer. */
class Adder extends Module {
  readonly layer: Linear = new Linear(4, 4)
  times = 2

  override forward(x: Tensor): Tensor {
    let y = this.layer(x)
    for (let i = 0; i < this.times; i++) y = y.add(x)
    return y
  }
}

/** Runs its layer as long as values are large. */
class Shrinker extends Module<[Tensor], Promise<Tensor>> {
  readonly layer: Linear = new Linear(2, 2, { bias: false })

  constructor() {
    super()
    loadStateDict(this.layer, new Map([['weight', fromValues('float32', [2, 2], [0.5, 0, 0, 0.5])]]))
  }

  override async forward(x: Tensor): Promise<Tensor> {
    let y = x
    while ((await y.amax().item()) > 1.5) y = this.layer(y)
    return y
  }
}

/** Two readers of one weight. */
class Tied extends Module {
  readonly embed: Embedding = new Embedding(6, 4)
  readonly head: Linear = new Linear(4, 6, { bias: false })

  constructor() {
    super()
    this.head.weight = this.embed.weight
  }

  override forward(ids: Tensor): Tensor {
    return this.head(this.embed(ids))
  }
}

/** One child or the other, by the shape. */
class Branching extends Module<[{ x: Tensor; rest: readonly Tensor[] }], { y: Tensor }> {
  readonly wide: Linear = new Linear(4, 4)
  readonly narrow: Linear = new Linear(4, 4)

  override forward({ x, rest: [other = x] }: { x: Tensor; rest: readonly Tensor[] }): { y: Tensor } {
    const branch = x.shape[0] === 1 ? this.narrow : this.wide
    return { y: branch(x).add(other) }
  }
}

const example = () => {
  manualSeed(1)
  return randn([3, 4])
}

test('Quantizer.prepare() in eager mode returns the model, with fake quantizers as submodules', async () => {
  const model = new Adder()
  const { weight } = model.layer
  const prepared: unknown = await quantizerFor(model).prepare([example()])
  expect(prepared).toBe(model)
  const { registered, fakeQuantizers, calls, quantizesActivations } = inspectEager(model)
  expect(quantizesActivations).toBe(true)
  expect(fakeQuantizers.map(({ path, role, module, name }) => [path, role, module, name])).toEqual([
    ['layer.linear_quantize_input', 'activation', 'layer', 'linear_quantize_input'],
    ['layer.linear_quantize_output_0', 'activation', 'layer', 'linear_quantize_output_0'],
    ['layer.parametrizations.weight.0', 'state', 'layer', 'weight'],
    ['add_quantize_input', 'activation', '', 'add_quantize_input'],
    ['add_quantize_other', 'activation', '', 'add_quantize_other'],
    ['add_quantize_output_0', 'activation', '', 'add_quantize_output_0'],
    ['add_1_quantize_input', 'activation', '', 'add_1_quantize_input'],
    ['add_1_quantize_other', 'activation', '', 'add_1_quantize_other'],
    ['add_1_quantize_output_0', 'activation', '', 'add_1_quantize_output_0'],
  ])
  expect(registered.get('layer')?.get('linear')).toEqual([
    { inputs: ['linear_quantize_input'], outputs: ['linear_quantize_output_0'] },
  ])
  expect(calls.map(({ name, type }) => [name, type])).toEqual([
    ['layer.linear', 'linear'],
    ['add', 'add'],
    ['add_1', 'add'],
  ])
  expect([...model.namedParameters()].map(([name]) => name)).toEqual([
    'layer.bias',
    'layer.parametrizations.weight.original',
  ])
  expect([...model.parameters()][1]).toBe(weight)
})

test('Quantizer.prepare() in eager mode warns when the model is prepared already', async () => {
  const quantizer = quantizerFor(new Adder(), weightsOnly)
  const model = await quantizer.prepare([example()])
  warnings.length = 0
  expect(await quantizer.prepare([example()])).toBe(model)
  expect(warnings).toEqual(['Quantizer.prepare() has no effect: the model is prepared already'])
})

test('Quantizer.prepare() in eager mode warns about options of graph mode', async () => {
  warnings.length = 0
  await quantizerFor(new Adder(), weightsOnly).prepare([example()], { dynamicShapes: [{ 0: 'batch' }] })
  expect(warnings).toEqual([
    'dynamicShapes and exportWithNoGrad have no effect in eager mode: every call may have its own shapes',
  ])
})

test('Quantizer.prepare() in eager mode leaves a model that fails as it was', async () => {
  const model = new Adder()
  await expect(quantizerFor(model).prepare([randn([3, 5])])).rejects.toThrow()
  expect([...model.namedModules()].map(([path]) => path)).toEqual(['', 'layer'])
  expect(recorder.interceptor).toBeUndefined()
})

test('Quantizer.prepare() in eager mode refuses a name that a module uses already', async () => {
  class Clash extends Adder {
    readonly add_quantize_input: string = 'mine'
  }
  const model = new Clash()
  await expect(quantizerFor(model).prepare([example()])).rejects.toThrow(
    'Cannot prepare module "" (Clash): expected no property "add_quantize_input", which a fake quantizer needs, got one',
  )
  expect([...model.namedModules()].map(([path]) => path)).toEqual(['', 'layer'])
})

test('A forward in eager mode that makes other calls than those registered fails, and can be run again', async () => {
  const model = new Adder().eval()
  await quantizerFor(model).prepare([example()])
  model.times = 3
  expect(() => model(example())).toThrow(
    'Cannot run module "" (Adder): expected 2 calls of "add" as when it was prepared, got 3 calls of "add"\n' +
      'Hint: what varies between calls belongs into a submodule of its own, or is left unquantized by the config',
  )
  model.times = 0
  expect(() => model(example())).toThrow(
    'expected 2 calls of "add" as when it was prepared, got 0 calls of "add"',
  )
  model.times = 2
  expect((await model(example()).array()).shape).toEqual([3, 4])
})

test('A forward in eager mode is free where only weights are quantized', async () => {
  const model = new Adder().eval()
  await quantizerFor(model, weightsOnly).prepare([example()])
  expect(inspectEager(model).quantizesActivations).toBe(false)
  model.times = 5
  expect((await model(example()).array()).shape).toEqual([3, 4])
})

test('Branches between modules, with structured inputs and outputs, are quantized as far as the example went', async () => {
  const model = new Branching().eval()
  const rest = [tensor([[1, 2, 3, 4]])]
  await quantizerFor(model).prepare([{ x: example(), rest }])
  expect(inspectEager(model).fakeQuantizers.some(({ module }) => module === 'narrow')).toBe(false)
  const x = randn([1, 4])
  const { weight, bias } = model.narrow
  const expected = x.matmul(weight.t()).add(bias ?? 0)
  const { y } = model({ x, rest })
  expect((await y.array()).shape).toEqual((await expected.array()).shape)
})

test('An async forward in eager mode decides by values, and its modules quantize at every call', async () => {
  const model = new Shrinker().eval()
  const quantizer = quantizerFor(model)
  await quantizer.prepare([tensor([[4, 3]])])
  expect(inspectEager(model).fakeQuantizers.map(({ path }) => path)).toEqual([
    'layer.linear_quantize_input',
    'layer.linear_quantize_output_0',
    'layer.parametrizations.weight.0',
  ])
  await quantizer.calibrate([tensor([[8, 3]]), tensor([[0.5, 0.25]])])
  const y = await model(tensor([[2, 1]]))
  const [first = 0, second = 0] = await y.data()
  expect(first).toBeCloseTo(1, 1)
  expect(second).toBeCloseTo(0.5, 1)
})

test('Async forwards in eager mode that overlap are refused', async () => {
  class Pair extends Module<[Tensor], Promise<Tensor>> {
    readonly a: Shrinker = new Shrinker()
    readonly b: Shrinker = new Shrinker()
    atOnce = false

    override async forward(x: Tensor): Promise<Tensor> {
      if (!this.atOnce) return (await this.a(x)).add(await this.b(x))
      const [a, b] = await Promise.all([this.a(x), this.b(x.mul(4))])
      return a.add(b)
    }
  }
  const model = new Pair().eval()
  await quantizerFor(model).prepare([tensor([[4, 3]])])
  model.atOnce = true
  await expect(model(tensor([[4, 3]]))).rejects.toThrow(
    /^Cannot run module "a": expected async forwards to be awaited one after the other, got the call of "b[.a-z]*" at the same time$/,
  )
})

test('A tied weight has one fake quantizer, and stands in both places', async () => {
  const model = new Tied().eval()
  const ids = tensor([1, 2, 3], { dtype: 'int64' })
  await quantizerFor(model).prepare([ids])
  const states = inspectEager(model).fakeQuantizers.filter(({ role }) => role === 'state')
  expect(states.map(({ path }) => path)).toEqual([
    'embed.parametrizations.weight.0',
    'head.parametrizations.weight.0',
  ])
  expect(new Set(states.map(({ fakeQuantize }) => fakeQuantize)).size).toBe(1)
  expect((await model(ids).array()).shape).toEqual([3, 6])
})

test('An optimizer from before prepare() trains the parametrized weight', async () => {
  const model = new Adder()
  const { weight } = model.layer
  const optimizer = new SGD(model.parameters(), { lr: 0.5 })
  const quantizer = quantizerFor(model)
  const prepared = await quantizer.prepare([example()])
  const before = await weight.data()
  await quantizer.trainingMode(async () => {
    expect(model.training).toBe(true)
    optimizer.zeroGrad()
    prepared(example()).pow(2).mean().backward()
    optimizer.step()
  })
  expect(weight).toBeInstanceOf(Parameter)
  expect(await weight.data()).not.toEqual(before)
})

test('Quantizer.step() in eager mode follows the schedule of each module, across training modes', async () => {
  const schedule = new QATSchedule({ enableObserver: 1, enableFakeQuant: 2, disableObserver: 3 })
  const model = new Adder()
  const quantizer = quantizerFor(model, {
    moduleNameConfigs: { layer: new ModuleQuantizerConfig({ qatSchedule: schedule }) },
  })
  await quantizer.prepare([example()])
  const flags = () =>
    inspectEager(model)
      .fakeQuantizers.filter(({ path }) => /^(layer.linear_quantize_input|add_quantize_input)$/.test(path))
      .map(({ fakeQuantize }) => [fakeQuantize.observerEnabled, fakeQuantize.fakeQuantEnabled])
  const off = [false, false]
  const on = [true, true]
  {
    await using _ = quantizer.trainingMode()
    expect(flags()).toEqual([off, on])
    quantizer.step()
    expect(flags()).toEqual([[true, false], on])
    expect(() => quantizer.disableObserver(model.layer)).toThrow(
      'Cannot switch fake quantizers: expected none with a schedule, got some',
    )
  }
  expect(flags()).toEqual([
    [false, true],
    [false, true],
  ])
  await quantizer.trainingMode(async () => {
    expect(flags()).toEqual([[true, false], on])
    quantizer.step()
    quantizer.step()
    expect(flags()).toEqual([[false, true], on])
  })
  expect(() => quantizer.step()).toThrow('Cannot take a step: expected to be in training mode, got none')
})

test('Quantizer switches fake quantizers of a module in eager mode', async () => {
  const model = new Adder()
  const quantizer = quantizerFor(model)
  await quantizer.prepare([example()])
  quantizer.disableFakeQuant(model.layer)
  const on = inspectEager(model).fakeQuantizers.filter(({ fakeQuantize }) => fakeQuantize.fakeQuantEnabled)
  expect(new Set(on.map(({ module }) => module))).toEqual(new Set(['']))
  expect(() => quantizer.enableObserver(new Linear(1, 1))).toThrow(
    'Cannot switch fake quantizers: expected a module of the model, got another Linear',
  )
})

test('Training in eager mode goes on bit by bit from a state dict, the optimizer and the step count', async () => {
  const schedule = new QATSchedule({ enableFakeQuant: 1 })
  const config = { globalConfig: new ModuleQuantizerConfig({ qatSchedule: schedule }) }
  const start = await stateDict(new Adder())
  const open = async () => {
    const model = new Adder()
    loadStateDict(model, start)
    const quantizer = quantizerFor(model, config)
    const prepared = await quantizer.prepare([example()])
    return { model, quantizer, prepared, optimizer: new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }) }
  }
  const train = ({ quantizer, prepared, optimizer }: Awaited<ReturnType<typeof open>>, steps: number) =>
    quantizer.trainingMode(async () => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad()
        prepared(example()).pow(2).mean().backward()
        optimizer.step()
        quantizer.step()
      }
    })
  const whole = await open()
  await train(whole, 4)
  const first = await open()
  await train(first, 2)
  const second = await open()
  loadStateDict(second.model, await stateDict(first.model))
  second.optimizer.loadStateDict(await first.optimizer.stateDict())
  await second.quantizer.trainingMode(async () => {
    second.quantizer.step()
    second.quantizer.step()
  })
  await train(second, 2)
  expect(await stateDict(second.model)).toEqual(await stateDict(whole.model))
})

test('Quantizer in eager mode refuses names of arguments, and warns about preserved attributes', () => {
  const spec = new QuantizationSpec()
  expect(() =>
    quantizerFor(new Adder(), { globalConfig: new ModuleQuantizerConfig({ opInputSpec: { x: spec } }) }),
  ).toThrow('Cannot read "global_config.op_input_spec": expected positions or "*" as keys, got "x"')
  warnings.length = 0
  quantizerFor(new Adder(), { preservedAttributes: ['times'] })
  expect(warnings).toEqual([
    'preserved_attributes has no effect in eager mode: the model itself is quantized',
  ])
})

test('An operation in place is quantized by a name of its own', async () => {
  class InPlace extends Module {
    readonly layer: Linear = new Linear(4, 4)

    override forward(x: Tensor): Tensor {
      let y = this.layer(x)
      y = y.add_(x)
      return y.mul_(2)
    }
  }
  const model = new InPlace().eval()
  await quantizerFor(model).prepare([example()])
  expect(inspectEager(model).calls.map(({ name, function: base, type }) => [name, base, type])).toEqual([
    ['layer.linear', 'linear', 'linear'],
    ['add_', 'add_', 'add'],
    ['mul_', 'mul_', 'mul'],
  ])
  const float = noGrad(() => example().add(model.layer(example())).mul(2))
  const difference = model(example()).sub(float).abs().amax()
  expect(await difference.item()).toBeLessThan(0.2)
})
