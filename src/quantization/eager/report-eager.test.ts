import { afterAll, expect, test } from 'vitest'
import { tensor } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { Embedding } from '../../nn/layers/embedding.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { LayerNorm } from '../../nn/layers/normalization.ts'
import { Module } from '../../nn/module.ts'
import { ExecutionMode } from '../config/execution-mode.ts'
import { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { OpQuantizerConfig } from '../config/op-quantizer-config.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import type { QuantizerConfigOptions } from '../config/quantizer-config-options.ts'
import type { ModelInspector } from '../inspection/model-inspector.ts'
import { Quantizer } from '../quantizer.ts'
import { PerBlock } from '../spec/granularity.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'

afterAll(() => recorder.device.close())

class Block extends Module {
  readonly linear: Linear = new Linear(4, 4)

  override forward(x: Tensor): Tensor {
    return this.linear(x).relu().add(x)
  }
}

/** Calls its block twice, and ties its head to its embedding. */
class Net extends Module {
  readonly embed: Embedding = new Embedding(6, 4)
  readonly norm: LayerNorm = new LayerNorm(4)
  readonly block: Block = new Block()
  readonly head: Linear = new Linear(4, 6, { bias: false })

  constructor() {
    super()
    this.head.weight = this.embed.weight
  }

  override forward(ids: Tensor): Tensor {
    const x = this.norm(this.embed(ids))
    return this.head(this.block(this.block(x)))
  }
}

async function inspect(options: QuantizerConfigOptions = {}): Promise<ModelInspector> {
  const config = new QuantizerConfig({ ...options, executionMode: ExecutionMode.EAGER })
  const quantizer = new Quantizer(new Net(), config, { logger: { warn: () => {} } })
  await quantizer.prepare([tensor([1, 2, 3], { dtype: 'int64' })])
  return quantizer.inspect()
}

test('Quantizer.inspect() in eager mode lists every call of the forward, with what its tensors are', async () => {
  const { operations, matches } = await inspect()
  expect(
    operations.map(({ name, module, isQuantizable, inputs }) => [
      name,
      module,
      isQuantizable,
      inputs.map(({ input }) => input),
    ]),
  ).toEqual([
    ['embed.embedding', 'embed', true, ['input', 'embed.weight']],
    ['norm.layer_norm', 'norm', false, ['embed.embedding', 'norm.weight', 'norm.bias']],
    [
      'block.linear.linear',
      'block.linear',
      true,
      ['norm.layer_norm', 'block.linear.weight', 'block.linear.bias'],
    ],
    ['block.relu', 'block', false, ['block.linear.linear']],
    ['block.add', 'block', true, ['block.relu', 'norm.layer_norm']],
    ['head.linear', 'head', true, ['block (again)', 'embed.weight']],
  ])
  expect(matches).toEqual([])
})

test('Quantizer.inspect() in eager mode numbers observers, and says why there is none', async () => {
  const { operations } = await inspect()
  const marks = operations.map(({ inputs, output }) =>
    [...inputs, output].map(({ observer, reason }) => observer?.number ?? reason),
  )
  expect(marks).toEqual([
    ['not floating', 0, 1],
    ['no pattern', 'no pattern', 'no pattern', 'no pattern'],
    [2, 3, 'not configured', 4],
    ['no pattern', 'no pattern'],
    [5, 6, 7],
    [8, 0, 9],
  ])
  expect(operations.at(-1)?.inputs[1]?.observer?.sharedWith).toEqual({
    node: 'embed.embedding',
    input: 'embed.weight',
  })
})

test('Quantizer.inspect() in eager mode tells which entry of the config won', async () => {
  const { operations } = await inspect({
    moduleNameConfigs: {
      'block.*': new ModuleQuantizerConfig({
        opTypeConfig: { linear: new OpQuantizerConfig({ opOutputSpec: null }) },
      }),
    },
  })
  const linear = operations.find(({ name }) => name === 'block.linear.linear')
  expect(linear?.winner).toEqual({
    priority: 0,
    pattern: 'linear',
    isKey: true,
    group: ['block.linear.linear'],
    level: 'name',
    moduleKey: 'block.*',
    opLevel: 'op_type',
    opKey: 'linear',
  })
  expect(linear?.output.reason).toBe('declined')
})

test('Quantizer.inspect() in eager mode lists fake quantizers by path, with what they quantize and who reads it', async () => {
  const { fakeQuantizers } = await inspect()
  const told = fakeQuantizers.map(({ name, producer, consumers, sharedBy, module }) => ({
    name,
    producer,
    consumers,
    sharedBy,
    module,
  }))
  expect(told.find(({ name }) => name === 'head.parametrizations.weight.0')).toEqual({
    name: 'head.parametrizations.weight.0',
    producer: 'embed.weight',
    consumers: [
      { node: 'embed.embedding', input: 0 },
      { node: 'head.linear', input: 1 },
    ],
    sharedBy: ['embed.parametrizations.weight.0', 'head.parametrizations.weight.0'],
    module: 'head',
  })
  expect(told.find(({ name }) => name === 'block.linear.linear_quantize_output_0')?.consumers).toEqual([
    { node: 'block.relu', input: 0 },
  ])
})

test('Quantizer.inspect() in eager mode tells of fake quantizers that gave up', async () => {
  const inFives = new QuantizationSpec({ granularity: new PerBlock(5, 1) })
  const globalConfig = new ModuleQuantizerConfig({
    opInputSpec: null,
    opOutputSpec: null,
    opStateSpec: { weight: inFives },
  })
  const { removed, fakeQuantizers } = await inspect({ globalConfig })
  expect(fakeQuantizers).toEqual([])
  expect(removed).toContainEqual({
    name: 'block.linear.parametrizations.weight.0',
    producer: 'block.linear.weight',
    reason: 'block size',
  })
})

test('ModelInspector of a model in eager mode gives a table, a drawing and plain data', async () => {
  const inspector = await inspect()
  const [head, , embed] = inspector.toTable().split('\n')
  expect(head).toMatch(/^operation +type +module +pattern +config +inputs +output$/)
  expect(embed).toMatch(
    /^embed.embedding +embedding +embed +embedding +global +input: not floating, embed.weight: #0 /,
  )
  expect(inspector.toSvg()).toContain('>block.linear.linear</text>')
  const { operations, fakeQuantizers } = JSON.parse(JSON.stringify(inspector))
  expect(operations.length).toBe(6)
  expect(fakeQuantizers.length).toBe(11)
})
