import { afterAll, expect, test } from 'vitest'
import { zeros } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { exportModule } from '../../nn/export-module.ts'
import { ReLU } from '../../nn/layers/activations.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Module } from '../../nn/module.ts'
import { ExecutionMode } from '../config/execution-mode.ts'
import { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { OpQuantizerConfig } from '../config/op-quantizer-config.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { Quantizer } from '../quantizer.ts'
import { PerBlock } from '../spec/granularity.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { ModelInspector } from './model-inspector.ts'

afterAll(() => recorder.device.close())

class Residual extends Module<[Tensor], Tensor> {
  first: Linear = new Linear(8, 8)
  act: ReLU = new ReLU()
  second: Linear = new Linear(8, 8)

  override forward(x: Tensor): Tensor {
    return this.second(this.act(this.first(x)))
      .add(x)
      .exp()
  }
}

async function inspect(config: QuantizerConfig = new QuantizerConfig()): Promise<ModelInspector> {
  const quantizer = new Quantizer(new Residual(), config, { logger: { warn: () => {} } })
  await quantizer.prepare([zeros([2, 8])])
  return quantizer.inspect()
}

test('Quantizer.inspect() is refused before prepare, without inputs or in eager mode', () => {
  const refusal = new StateError(
    'Cannot inspect a model: expected a prepared model, got none\n' +
      'Hint: call prepare first, or, in graph mode, give example inputs',
  )
  const eager = new Quantizer(new Residual(), new QuantizerConfig({ executionMode: ExecutionMode.EAGER }))
  expect(() => new Quantizer(new Residual()).inspect()).toThrow(refusal)
  expect(() => eager.inspect([zeros([2, 8])])).toThrow(refusal)
})

test('Quantizer.inspect() tells before prepare what prepare will do, and changes nothing', async () => {
  const inputs = [zeros([2, 8])]
  const [model, { dispatches }] = [new Residual(), recorder.stats]
  const modules = [...model.namedModules()].length
  const quantizer = new Quantizer(model)
  const [before, captured] = [quantizer.inspect(inputs), exportModule(model, inputs)]
  expect(new Quantizer(captured).inspect().toTable()).toBe(before.toTable())
  expect(captured.graph.nodes).toHaveLength(5)
  expect([recorder.stats.dispatches, [...model.namedModules()].length]).toEqual([dispatches, modules])
  await quantizer.prepare(inputs)
  const { operations, matches, fakeQuantizers } = quantizer.inspect()
  expect(before.operations).toEqual(operations)
  expect(before.matches).toEqual(matches)
  expect(before.fakeQuantizers.map(({ name }) => name)).toEqual(fakeQuantizers.map(({ name }) => name))
})

test('ModelInspector tells which entry of a config won for an operation', async () => {
  const config = new QuantizerConfig({
    moduleNameConfigs: {
      'first|second': new ModuleQuantizerConfig({
        opTypeConfig: { linear: new OpQuantizerConfig({ opOutputSpec: {} }) },
      }),
    },
  })
  const { operations } = await inspect(config)
  const [first, relu, , add] = operations
  expect(first?.winner).toMatchObject({
    pattern: 'linear_act',
    isKey: true,
    group: ['linear', 'relu'],
    level: 'name',
    moduleKey: 'first|second',
    opLevel: 'op_type',
    opKey: 'linear',
  })
  expect(relu?.winner?.isKey).toBe(false)
  expect(add?.winner).toMatchObject({ pattern: 'add', level: 'global', moduleKey: null, opKey: null })
})

test('ModelInspector numbers observers alike where places share one', async () => {
  const { operations } = await inspect()
  const [first, , , add] = operations
  const numberOf = (input: string) =>
    [first, add].map((op) => op?.inputs.find((place) => place.input === input)?.observer?.number)
  const [entering, skipped] = numberOf('x')
  expect(entering).toBe(0)
  expect(skipped).toBe(entering)
})

test('ModelInspector says why a place has no observer', async () => {
  const { operations } = await inspect()
  const [first, , , add, exp] = operations
  expect(first?.inputs.map(({ input, reason }) => [input, reason])).toEqual([
    ['x', null],
    ['first.weight', null],
    ['first.bias', 'not configured'],
  ])
  expect(first?.output.reason).toBe('inside pattern')
  expect(add?.output.reason).toBe(null)
  expect([exp?.winner, exp?.output.reason]).toEqual([null, 'no pattern'])
})

test('ModelInspector lists fake quantizers that could not divide a tensor', async () => {
  const spec = new QuantizationSpec({ dtype: 'int4', granularity: new PerBlock(3) })
  const { removed, fakeQuantizers } = await inspect(
    new QuantizerConfig({ globalConfig: new ModuleQuantizerConfig({ opStateSpec: { weight: spec } }) }),
  )
  expect(removed.map(({ producer, reason }) => [producer, reason])).toEqual([
    ['first.weight', 'block size'],
    ['second.weight', 'block size'],
  ])
  expect(fakeQuantizers.every(({ target }) => target === 'activation')).toBe(true)
})

test('ModelInspector.toTable() has a row for each operation', async () => {
  const lines = (await inspect()).toTable().split('\n')
  expect(lines).toHaveLength(7)
  expect(lines[0]).toMatch(/^operation +type +module +pattern +config +inputs +output$/)
  expect(lines[2]).toMatch(/^linear +linear +first +linear_act +global +x: #0 int8 symmetric per_tensor/)
})

test('ModelInspector.toSvg() draws the operations of a module', async () => {
  const inspector = await inspect()
  const titles = (svg: string) => [...svg.matchAll(/font-weight="bold">([^<]+)</g)].map(([, name]) => name)
  expect(titles(inspector.toSvg())).toEqual(['linear', 'relu', 'linear_1', 'add', 'exp'])
  expect(titles(inspector.toSvg({ module: 'second' }))).toEqual(['linear_1'])
})

test('ModelInspector.toSvg() tells below the drawing what each observer is, once', async () => {
  const inspector = await inspect()
  const lines = (svg: string) => [...svg.matchAll(/<text x="22" y="4">([^<]+)</g)].map(([, line]) => line)
  expect(lines(inspector.toSvg({ module: 'first' }))).toEqual([
    'activation: int8 symmetric per_tensor',
    'weight: int8 symmetric per_channel(0)',
  ])
})

test('ModelInspector.toJSON() is plain data with specs as config files have them', async () => {
  const json = JSON.parse(JSON.stringify(await inspect()))
  expect(json.operations[0].inputs[1]).toMatchObject({
    input: 'first.weight',
    observer: 1,
    target: 'weight',
    spec: { dtype: 'int8', granularity: { type: 'per_channel', axis: 0 } },
  })
  expect(json.fakeQuantizers[0]).toMatchObject({ name: 'activation_post_process_0', producer: 'x' })
})
