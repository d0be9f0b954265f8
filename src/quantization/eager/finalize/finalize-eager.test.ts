import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FileError } from '../../../codec/file-error.ts'
import { randn, tensor } from '../../../engine/create-tensors.ts'
import { manualSeed } from '../../../engine/generator.ts'
import { recorder } from '../../../engine/recorder.ts'
import { fromHost, type Tensor } from '../../../engine/tensor.ts'
import { Embedding } from '../../../nn/layers/embedding.ts'
import { Linear } from '../../../nn/layers/linear.ts'
import { Module } from '../../../nn/module.ts'
import { stateDict } from '../../../nn/state-dict.ts'
import { ExecutionMode, ExportBackend } from '../../config/execution-mode.ts'
import { ModuleQuantizerConfig } from '../../config/module-quantizer-config.ts'
import { QuantizerConfig } from '../../config/quantizer-config.ts'
import { ExportError } from '../../export-error.ts'
import { Quantizer } from '../../quantizer.ts'
import { PerBlock } from '../../spec/granularity.ts'
import { QuantizationSpec, type SpecOptions } from '../../spec/quantization-spec.ts'
import { inspectEager } from '../inspection.ts'

afterAll(() => recorder.device.close())

class Net extends Module {
  readonly a: Linear = new Linear(4, 8)
  readonly b: Linear = new Linear(8, 2)

  override forward(x: Tensor): Tensor {
    return this.b(this.a(x).relu().add(1))
  }
}

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

function input(): Tensor {
  manualSeed(3)
  return randn([5, 4])
}

async function prepared<M extends Net | Tied>(
  model: M,
  example: Tensor = input(),
  globalConfig: ModuleQuantizerConfig = new ModuleQuantizerConfig(),
): Promise<{ readonly model: M; readonly quantizer: Quantizer<Net | Tied> }> {
  const config = new QuantizerConfig({ globalConfig, executionMode: ExecutionMode.EAGER })
  const quantizer = new Quantizer<Net | Tied>(model.eval(), config)
  await quantizer.prepare([example])
  return { model, quantizer }
}

/** Largest difference of what a model computes before and after something is done to it. */
async function change(model: Net, action: () => Promise<unknown>): Promise<number> {
  const before = fromHost(await model(input()).array())
  await action()
  return model(input()).sub(before).abs().amax().item()
}

const all = (options: SpecOptions) => ({ '*': new QuantizationSpec(options) })

test('Quantizer.finalize() in eager mode for _TORCH gives the prepared model as it is', async () => {
  const { model, quantizer } = await prepared(new Net())
  const finalized: unknown = await quantizer.finalize({ backend: ExportBackend._TORCH })
  expect(finalized).toBe(model)
  expect(inspectEager(model).fakeQuantizers.length).toBe(8)
})

test.each([
  ['int8', new ModuleQuantizerConfig(), 'int8'],
  ['int4 weights only', ModuleQuantizerConfig.w4(), 'int8'],
  [
    'uint8 by minvals',
    new ModuleQuantizerConfig({
      opInputSpec: all({ dtype: 'uint8', qscheme: 'asymmetric', qformulation: 'minval' }),
      opOutputSpec: all({ dtype: 'uint8', qscheme: 'asymmetric' }),
      opStateSpec: all({ dtype: 'uint8', qscheme: 'asymmetric', qformulation: 'minval' }),
    }),
    'uint8',
  ],
  [
    'fp8',
    new ModuleQuantizerConfig({
      opInputSpec: all({ dtype: 'float8_e4m3fn' }),
      opStateSpec: all({ dtype: 'float8_e5m2' }),
    }),
    'float8_e5m2',
  ],
] as const)(
  'Quantizer.finalize() in eager mode for Core AI computes what the prepared model computed: %s',
  async (_, config, dtype) => {
    const { model, quantizer } = await prepared(new Net(), input(), config)
    expect(await change(model, () => quantizer.finalize({ backend: ExportBackend.CoreAI }))).toBeLessThan(
      1e-5,
    )
    const state = await stateDict(model)
    expect(state.get('a.parametrizations.weight.0.quantized_data')?.dtype).toBe(dtype)
    expect(state.get('a.parametrizations.weight.original')?.shape).toEqual([0])
    expect(inspectEager(model).fakeQuantizers).toEqual([])
  },
)

test('Quantizer.finalize() in eager mode writes weights to files of their own, and overwrites nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  const weights = join(folder, 'weights')
  const { model, quantizer } = await prepared(new Net())
  expect(await change(model, () => quantizer.finalize({ mmapDir: weights }))).toBeLessThan(1e-5)
  expect(readdirSync(weights).sort()).toEqual(['a.weight.safetensors', 'b.weight.safetensors'])

  const other = await prepared(new Net())
  await expect(other.quantizer.finalize({ mmapDir: weights })).rejects.toThrow(
    `Cannot write "${weights}": expected no folder of that name or an empty one, got 2 entries`,
  )
  expect(readdirSync(folder)).toEqual(['weights'])
  writeFileSync(join(folder, 'file'), '')
  await expect(other.quantizer.finalize({ mmapDir: join(folder, 'file') })).rejects.toThrow(FileError)
  expect(inspectEager(other.model).fakeQuantizers.length).toBe(8)
})

test('Quantizer.finalize() takes mmapDir for Core AI only', async () => {
  const { quantizer } = await prepared(new Net())
  await expect(quantizer.finalize({ backend: ExportBackend.CoreML, mmapDir: 'nowhere' })).rejects.toThrow(
    'Cannot finalize with mmapDir: expected eager mode and the backend "coreai", got eager mode and "coreml"',
  )
})

test('Quantizer.finalize() in eager mode for Core ML leaves quantized weights, with how they were quantized beside them', async () => {
  const { model, quantizer } = await prepared(new Net())
  const weight = await model.a.weight.data()
  expect(await change(model, () => quantizer.finalize({ backend: ExportBackend.CoreML }))).toBeLessThan(1e-5)
  const names = [...(await stateDict(model)).keys()]
  expect(names.filter((name) => /^a\.(?!linear_|_COREML_)/.test(name))).toEqual(['a.weight', 'a.bias'])
  const keys = ['compression_type', 'quantization_n_bits', 'quantization_scale', 'zero_point']
  expect(names.filter((name) => name.includes('_COREML_'))).toEqual([
    '_COREML_/metadata_version',
    ...['a', 'b'].flatMap((name) => keys.map((key) => `${name}._COREML_/weight/${key}`)),
  ])
  expect(await model.a.weight.data()).toEqual(weight)
})

test('Quantizer.finalize() in eager mode for Core ML keeps a tied weight tied, without fake quantizers', async () => {
  const { model, quantizer } = await prepared(new Tied(), tensor([0, 3, 5], { dtype: 'int64' }))
  await quantizer.finalize({ backend: ExportBackend.CoreML })
  expect(model.head.weight).toBe(model.embed.weight)
  const names = [...(await stateDict(model)).keys()]
  expect(names.filter((name) => name.endsWith('compression_type'))).toEqual([
    'embed._COREML_/weight/compression_type',
  ])
  expect(inspectEager(model).fakeQuantizers).toEqual([])
})

test('Quantizer.finalize() in eager mode refuses what a backend cannot express, before it changes anything', async () => {
  const config = new ModuleQuantizerConfig({
    opInputSpec: all({ granularity: new PerBlock(4, 1) }),
    opOutputSpec: null,
    opStateSpec: all({ dtype: 'int2' }),
  })
  const { model, quantizer } = await prepared(new Net(), input(), config)
  const count = inspectEager(model).fakeQuantizers.length
  await expect(quantizer.finalize({ backend: ExportBackend.CoreAI })).rejects.toMatchObject({
    tensors: ['add_quantize_input', 'a.linear_quantize_input', 'b.linear_quantize_input'],
  })
  await expect(quantizer.finalize({ backend: ExportBackend.CoreML })).rejects.toThrow(ExportError)
  await expect(quantizer.finalize({ backend: ExportBackend.ONNX })).rejects.toThrow(
    'Cannot finalize for "onnx": expected graph mode, which knows the graph that the file holds, got eager mode\n' +
      'Hint: quantize with ExecutionMode.GRAPH',
  )
  expect(inspectEager(model).fakeQuantizers.length).toBe(count)
})

test('Quantizer.finalize() in eager mode leaves other models alone, and does not finalize one again', async () => {
  const one = await prepared(new Net())
  const other = await prepared(new Net())
  expect(await change(other.model, () => one.quantizer.finalize({ backend: ExportBackend.CoreML }))).toBe(0)
  await expect(one.quantizer.finalize()).rejects.toThrow(
    'Cannot finalize "Net": expected a model that is prepared in eager mode, got one that is not',
  )
})
