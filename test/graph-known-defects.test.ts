import { afterAll, expect, test } from 'vitest'
import { recorder } from '../src/engine/recorder.ts'
import {
  BatchNorm2d,
  ConfigError,
  Conv2d,
  Dropout,
  defaultPatterns,
  ExecutionMode,
  ExportBackend,
  exportModule,
  fromHost,
  fromValues,
  Linear,
  loadExportedProgram,
  MaxPool2d,
  Module,
  ModuleQuantizerConfig,
  noGrad,
  Parameter,
  type Pattern,
  PerChannel,
  QuantizationSpec,
  Quantizer,
  QuantizerConfig,
  ReLU,
  randn,
  Sequential,
  stateDict,
  type Tensor,
  toFloat32,
} from '../src/index.ts'
import { buildProgram, soundProgram, withValue } from './pt2-builder.ts'

afterAll(() => recorder.device.close())

const OFF = new QuantizerConfig({ globalConfig: null })

function capturing(): { warnings: string[]; logger: { warn: (message: string) => void } } {
  const warnings: string[] = []
  return { warnings, logger: { warn: (message) => warnings.push(message) } }
}

test("Quantizer keeps a batch norm's own eps: with quantization off a prepared model equals the float model", async () => {
  const model = new Sequential(
    new Conv2d(2, 4, 3),
    new BatchNorm2d(4, { eps: 0.3, momentum: 0.7 }),
    new ReLU(),
  )
  model.eval()
  const x = randn([2, 2, 6, 6])
  const expected = toFloat32(await noGrad(() => model(x)).array())
  const prepared = await new Quantizer(model, OFF).prepare([x])
  const got = toFloat32(await prepared(x).array())
  expect(Math.max(...expected.map((value, i) => Math.abs(value - (got[i] ?? 0))))).toBeLessThan(1e-5)
  const norms = prepared.graph.nodes.filter(({ op }) => op.name === 'aten.batch_norm')
  expect(norms.map(({ attrs }) => [attrs.eps, attrs.momentum])).toEqual([[0.3, 0.7]])
})

test('Quantizer trains batch norms and dropouts with their own values, also after a switch to evaluation and back', async () => {
  const open = () => new Sequential(new BatchNorm2d(2, { eps: 0.3, momentum: 0.7 }), new Dropout(0.9))
  const [model, float] = [open(), open()]
  const x = randn([4, 2, 6, 6])
  const prepared = await new Quantizer(model, OFF).prepare([x])
  prepared.eval()
  prepared.train()
  const kept = toFloat32(await prepared(x).ne(0).array()).reduce((sum, value) => sum + value, 0)
  float(x)
  const [got, expected] = [await stateDict(prepared), await stateDict(float)]
  expect(got.get('0.running_mean')).toEqual(expected.get('0.running_mean'))
  expect(got.get('0.running_var')).toEqual(expected.get('0.running_var'))
  // Of 288 values a tenth stays; with a dropout of 0.5 it would be half of them.
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(90)
})

test('Quantizer takes an activation in place, which follows a weight directly, as the one that is not', async () => {
  const relu = 'program.graph_module.graph.nodes.1.target'
  const load = (target: string) =>
    loadExportedProgram(new Blob([buildProgram(withValue(relu, target, soundProgram()))]))
  const reports = []
  for (const target of ['torch.ops.aten.relu.default', 'torch.ops.aten.relu_.default']) {
    const quantizer = new Quantizer(await load(target))
    await quantizer.prepare([randn([2, 3])])
    const { operations, fakeQuantizers } = quantizer.inspect()
    reports.push({
      patterns: operations.map(({ winner }) => [winner?.pattern, winner?.isKey]),
      specs: fakeQuantizers.map(({ target: of, spec }) => [of, spec]),
    })
  }
  expect(reports[0]?.patterns).toEqual([
    ['linear_act', true],
    ['linear_act', false],
  ])
  expect(reports[1]).toEqual(reports[0])
})

test.each([ExportBackend.CoreAI, ExportBackend.ONNX, ExportBackend._TORCH])(
  'Quantizer.finalize() for %s takes an int4 weight by its minval',
  async (backend) => {
    const spec = new QuantizationSpec({ dtype: 'int4', qscheme: 'asymmetric', qformulation: 'minval' })
    const globalConfig = new ModuleQuantizerConfig({
      opInputSpec: null,
      opOutputSpec: null,
      opStateSpec: { weight: spec },
    })
    const quantizer = new Quantizer(new Sequential(new Linear(8, 4)), new QuantizerConfig({ globalConfig }))
    const x = randn([2, 8])
    const prepared = await quantizer.prepare([x])
    const finalized = await quantizer.finalize({ backend })
    const [expected, got] = [await prepared(x).array(), await finalized(x).array()].map((array) =>
      toFloat32(array),
    )
    expect(
      Math.max(...Array.from(expected ?? [], (value, i) => Math.abs(value - (got?.[i] ?? Number.NaN)))),
    ).toBeLessThan(1e-5)
  },
)

test('Quantizer takes a model that calls one operation in several ways', async () => {
  class Mixed extends Module<[Tensor], Tensor> {
    override forward(x: Tensor): Tensor {
      return x.matmul(x).add(x.matmul(x).relu())
    }
  }
  const quantizer = new Quantizer(new Mixed())
  await quantizer.prepare([randn([4, 4])])
  const products = quantizer.inspect().operations.filter(({ type }) => type === 'matmul')
  expect(products.map(({ winner }) => winner?.pattern)).toEqual(['matmul', 'matmul_act'])
})

class Scaled extends Module<[Tensor], Tensor> {
  weight: Parameter = new Parameter(fromValues('float32', [4], [1, 2, 3, 4]))
  head: Linear = new Linear(4, 4)

  override forward(x: Tensor): Tensor {
    return this.head(x.mul(this.weight))
  }
}

test('Quantizer leaves a weight unquantized whose axis no operation tells, with one warning that names it', async () => {
  const { warnings, logger } = capturing()
  const spec = new QuantizationSpec({ granularity: new PerChannel() })
  const config = new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({ opStateSpec: { weight: spec } }),
  })
  const quantizer = new Quantizer(new Scaled(), config, { logger })
  await quantizer.prepare([randn([2, 4])])
  expect(warnings).toEqual([
    'The weight "weight" is not quantized: no operation that reads it tells the axis of its per_channel granularity. Give its spec an axis',
  ])
  expect(quantizer.inspect().removed).toMatchObject([{ producer: 'weight', reason: 'axis' }])
})

test('Quantizer quantizes such a weight along an explicit axis', async () => {
  const spec = new QuantizationSpec({ granularity: new PerChannel(0) })
  const config = new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({ opStateSpec: { weight: spec } }),
  })
  const quantizer = new Quantizer(new Scaled(), config)
  await quantizer.prepare([randn([2, 4])])
  expect(quantizer.inspect().fakeQuantizers.map(({ producer }) => producer)).toContain('weight')
})

test("Quantizer matches a convolution with padding 'same' like any other", async () => {
  const model = new Sequential(new Conv2d(2, 4, 3, { padding: 'same' }), new ReLU())
  const quantizer = new Quantizer(model)
  await quantizer.prepare([randn([1, 2, 5, 5])])
  const { operations, fakeQuantizers } = quantizer.inspect()
  expect(operations.map(({ winner }) => winner?.pattern)).toEqual(['conv_act', 'conv_act'])
  expect(fakeQuantizers.map(({ producer }) => producer)).toEqual(['x', '0.weight', 'relu'])
})

test('Quantizer refuses a config at construction whose mode contradicts the model', () => {
  const model = exportModule(new Sequential(new Linear(4, 4)), [randn([2, 4])])
  const config = new QuantizerConfig({ executionMode: ExecutionMode.EAGER })
  expect(() => new Quantizer(model, config)).toThrow(
    new ConfigError(
      'Cannot quantize a GraphModule: expected graph mode, got eager mode\nHint: set execution_mode: graph, or pass the module that was captured',
      'execution_mode',
    ),
  )
})

test('Quantizer.calibrationMode() switches every fake quantizer off, but for weights when asked', async () => {
  const quantizer = new Quantizer(new Sequential(new Linear(4, 4)))
  await quantizer.prepare([randn([2, 4])])
  const on = () =>
    quantizer
      .inspect()
      .fakeQuantizers.map(({ target, fakeQuantize }) => [target, fakeQuantize.fakeQuantEnabled])
  await quantizer.calibrationMode(async () => {
    expect(on()).toEqual([
      ['activation', false],
      ['weight', false],
      ['activation', false],
    ])
  })
  await quantizer.calibrationMode(
    async () => {
      expect(on()).toEqual([
        ['activation', false],
        ['weight', true],
        ['activation', false],
      ])
    },
    { fakeQuantWeights: true },
  )
  expect(on().every(([, isOn]) => isOn)).toBe(true)
})

test('FakeQuantize updates a moving average that a pool shares once before and once after it, in this order', async () => {
  const image = (max: number) => fromValues('float32', [1, 1, 2, 2], [0, 1, 2, max])
  const quantizer = new Quantizer(new Sequential(new MaxPool2d(2)))
  await quantizer.prepare([fromHost(image(4))])
  await quantizer.calibrate([fromHost(image(8))])
  const { fakeQuantizers } = quantizer.inspect()
  const [before, after] = fakeQuantizers
  expect(fakeQuantizers).toHaveLength(2)
  expect(after?.fakeQuantize).toBe(before?.fakeQuantize)
  const running = new Map(before?.fakeQuantize.namedBuffers()).get('qparams_calculator.running_max')
  const once = 4 + 0.01 * (8 - 4)
  expect(await running?.item()).toBeCloseTo(once + 0.01 * (8 - once), 6)
})

test('Quantizer.finalize() refuses mmapDir in graph mode', async () => {
  const quantizer = new Quantizer(new Sequential(new Linear(4, 4)))
  await quantizer.prepare([randn([2, 4])])
  await expect(quantizer.finalize({ backend: ExportBackend.CoreAI, mmapDir: 'weights' })).rejects.toThrow(
    new RangeError(
      'Cannot finalize with mmapDir: expected eager mode and the backend "coreai", got graph mode and "coreai"',
    ),
  )
})

test('Quantizer.getCompressibleOpNames() and supportedModules() work in graph mode', async () => {
  const model = exportModule(new Sequential(new Linear(4, 4), new ReLU()), [randn([2, 4])])
  expect(await Quantizer.getCompressibleOpNames(model, ExecutionMode.GRAPH)).toEqual(new Set(['linear']))
  expect(Quantizer.supportedModules()).toContain(Linear)
})

test('Quantizer leaves a boundary as it is whose spec is null', async () => {
  const config = new QuantizerConfig({
    moduleNameConfigs: { '0': new ModuleQuantizerConfig({ moduleInputSpec: null, moduleOutputSpec: null }) },
  })
  const quantizer = new Quantizer(new Sequential(new Linear(4, 4), new Linear(4, 4)), config)
  await quantizer.prepare([randn([2, 4])])
  expect(quantizer.inspect().fakeQuantizers.map(({ producer }) => producer)).toContain('linear')
})

class Aliased extends Module {
  readonly core: Sequential = new Sequential(new Linear(4, 4), new ReLU())
  readonly alias: Sequential = this.core

  override forward(x: Tensor): Tensor {
    return this.alias(x).sin()
  }
}

test.each(['core', 'alias'])(
  'Quantizer quantizes what enters and leaves a module with several names, configured by its name %s',
  async (name) => {
    const int4 = new QuantizationSpec({ dtype: 'int4' })
    const uint4 = new QuantizationSpec({ dtype: 'uint4' })
    const boundary = new ModuleQuantizerConfig({
      moduleInputSpec: { '*': int4 },
      moduleOutputSpec: { '*': uint4 },
    })
    const quantizer = new Quantizer(
      new Aliased(),
      new QuantizerConfig({ globalConfig: null, moduleNameConfigs: { [name]: boundary } }),
    )
    await quantizer.prepare([randn([2, 4])])
    const placed = quantizer.inspect().fakeQuantizers.map(({ producer, spec }) => [producer, spec.dtype])
    expect(placed.filter(([, dtype]) => dtype === 'int4' || dtype === 'uint4')).toEqual([
      ['x', 'int4'],
      ['relu', 'uint4'],
    ])
  },
)

test('Quantizer keeps the bias of a convolution when its batch norm is folded and the bias is quantized', async () => {
  const spec = new QuantizationSpec()
  const config = new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({ opStateSpec: { '*': spec } }),
  })
  const model = new Sequential(new Conv2d(2, 4, 3), new BatchNorm2d(4))
  model.eval()
  const x = randn([2, 2, 6, 6])
  const quantizer = new Quantizer(model, config)
  const prepared = await quantizer.prepare([x])
  const folded = await quantizer.finalize({ backend: ExportBackend._TORCH })
  const [expected, got] = [await prepared(x).array(), await folded(x).array()].map((array) =>
    toFloat32(array),
  )
  expect(
    Math.max(...Array.from(expected ?? [], (value, i) => Math.abs(value - (got?.[i] ?? 0)))),
  ).toBeLessThan(1e-5)
})

test('Quantizer quantizes a pattern of its user', async () => {
  const normalized: Pattern = { name: 'exp_act', steps: [['exp'], ['tanh', 'relu']] }
  class Model extends Module<[Tensor], Tensor> {
    override forward(x: Tensor): Tensor {
      return x.exp().tanh()
    }
  }
  const quantizer = new Quantizer(new Model(), null, { patterns: [...defaultPatterns, normalized] })
  await quantizer.prepare([randn([2, 4])])
  const [exp, tanh] = quantizer.inspect().operations
  expect(exp?.winner).toMatchObject({ pattern: 'exp_act', isKey: true, group: ['exp', 'tanh'] })
  expect(tanh?.output.observer?.spec.floatRange).toEqual([-1, 1])
  expect(quantizer.inspect().fakeQuantizers.map(({ producer }) => producer)).toEqual(['x', 'tanh'])
})
