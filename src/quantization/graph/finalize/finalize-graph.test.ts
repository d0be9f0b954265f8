import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../../../engine/create-tensors.ts'
import { closeEngine } from '../../../engine/engine.ts'
import { Tensor } from '../../../engine/tensor.ts'
import { ReLU } from '../../../nn/layers/activations.ts'
import { Linear } from '../../../nn/layers/linear.ts'
import { Sequential } from '../../../nn/layers/sequential.ts'
import { stateDict } from '../../../nn/state-dict.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { QuantizerConfig } from '../../config/quantizer-config.ts'
import { ExportError } from '../../export-error.ts'
import { Quantizer } from '../../quantizer.ts'

afterAll(() => closeEngine())

const x = randn([16, 32])

async function prepared(options: Readonly<Record<string, unknown>> = {}): Promise<Quantizer> {
  const model = new Sequential(new Linear(32, 8), new ReLU(), new Linear(8, 4))
  const config = QuantizerConfig.fromDict({ quantization_config: options })
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  await quantizer.prepare([x])
  return quantizer
}

async function valuesOf(output: unknown): Promise<number[]> {
  if (output instanceof Tensor) return Array.from(await output.data(), Number)
  throw new TypeError('expected a tensor')
}

const weights = (spec: object) => ({
  global_config: { op_input_spec: null, op_output_spec: null, op_state_spec: { weight: spec } },
})

describe('finalizeGraph()', () => {
  test.each([
    ['int8 with activations', {}],
    [
      'int4 in blocks',
      weights({ dtype: 'int4', granularity: { type: 'per_block', axis: 1, block_size: 8 } }),
    ],
    [
      'uint4 by zero points',
      weights({ dtype: 'uint4', qscheme: 'asymmetric', granularity: { type: 'per_channel', axis: 0 } }),
    ],
    ['fp8', weights({ dtype: 'float8_e4m3fn', granularity: { type: 'per_tensor' } })],
    [
      'int8 by minvals',
      weights({
        dtype: 'int8',
        qscheme: 'asymmetric',
        qformulation: 'minval',
        granularity: { type: 'per_tensor' },
      }),
    ],
  ])('finalizeGraph() for Core AI computes what the prepared model computed: %s', async (_, options) => {
    const quantizer = await prepared(options)
    const model = await quantizer.finalize({ backend: ExportBackend.CoreAI })
    const torch = await quantizer.finalize({ backend: ExportBackend._TORCH })
    const [got, expected] = [await valuesOf(model(x)), await valuesOf(torch(x))]
    got.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThan(1e-5)
    })
  })

  test('finalizeGraph() for Core AI stores quantized weights and lets go of the dense ones', async () => {
    const model = await (
      await prepared(weights({ dtype: 'int4', granularity: { type: 'per_channel', axis: 0 } }))
    ).finalize()
    const states = Array.from(
      await stateDict(model),
      ([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`,
    )
    expect(states.sort()).toEqual([
      '0.bias float32 [8]',
      '0.weight float32 [0]',
      '0_weight_quantized int8 [8,32]',
      '0_weight_scale float32 [8,1]',
      '0_weight_zero_point int8 [8,1]',
      '2.bias float32 [4]',
      '2.weight float32 [0]',
      '2_weight_quantized int8 [4,8]',
      '2_weight_scale float32 [4,1]',
      '2_weight_zero_point int8 [4,1]',
    ])
  })

  test('finalizeGraph() for Core ML leaves fake-quantized weights with how they were quantized beside them', async () => {
    const quantizer = await prepared()
    const model = await quantizer.finalize({ backend: ExportBackend.CoreML })
    const states = await stateDict(model)
    expect([...states.keys()].filter((name) => name.startsWith('0')).sort()).toEqual([
      '0._COREML_/weight/compression_type',
      '0._COREML_/weight/quantization_n_bits',
      '0._COREML_/weight/quantization_scale',
      '0._COREML_/weight/zero_point',
      '0.bias',
      '0.weight',
    ])
    const torch = await quantizer.finalize({ backend: ExportBackend._TORCH })
    const [got, expected] = [await valuesOf(model(x)), await valuesOf(torch(x))]
    got.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThan(1e-5)
    })
  })

  test('finalizeGraph() lists everything that Core ML cannot express, with what would work, and changes nothing', async () => {
    const quantizer = await prepared(weights({ dtype: 'int2', granularity: { type: 'per_tensor' } }))
    const before = await stateDict(await quantizer.finalize({ backend: ExportBackend._TORCH }))
    const refused = quantizer.finalize({ backend: ExportBackend.CoreML })
    await expect(refused).rejects.toThrow(
      new ExportError(
        'Cannot finalize for "coreml": expected what the backend can express, got ' +
          '"0.weight": a weight of dtype int2 (int4 would work); "2.weight": a weight of dtype int2 (int4 would work)',
        ['0.weight', '2.weight'],
      ),
    )
    await expect(refused).rejects.toMatchObject({ tensors: ['0.weight', '2.weight'] })
    expect(await stateDict(await quantizer.finalize({ backend: ExportBackend._TORCH }))).toEqual(before)
  })

  test('finalizeGraph() refuses what Core AI and ONNX cannot express', async () => {
    const blocks = { granularity: { type: 'per_block', axis: 1, block_size: 8 } }
    const quantizer = await prepared({
      global_config: { op_input_spec: { '*': blocks }, op_output_spec: null, op_state_spec: null },
    })
    await expect(quantizer.finalize({ backend: ExportBackend.CoreAI })).rejects.toThrow(
      '"x": blocks of an activation (per_tensor or per_channel would work)',
    )
    const dynamic = { qparam_calculator_cls: 'dynamic', granularity: { type: 'per_tensor' } }
    const other = await prepared({
      global_config: { op_input_spec: { '*': dynamic }, op_output_spec: null, op_state_spec: null },
    })
    await expect(other.finalize({ backend: ExportBackend.ONNX })).rejects.toThrow(
      'the calculator "dynamic", which stores no scales ("moving_average" would work)',
    )
    const float4 = await prepared(
      weights({ dtype: 'float4_e2m1fn_x2', granularity: { type: 'per_block', axis: 1, block_size: 8 } }),
    )
    await expect(float4.finalize({ backend: ExportBackend.ONNX })).rejects.toThrow(
      '"0.weight": the dtype float4_e2m1fn_x2, for which ONNX Runtime has no kernels (float8_e4m3fn or int4 would work)',
    )
  })

  test('finalizeGraph() refuses a model in which nothing is quantized', async () => {
    const quantizer = await prepared({ global_config: null })
    await expect(quantizer.finalize()).rejects.toThrow(
      new ExportError(
        'Cannot finalize for "coreai": expected at least one quantized tensor, got none\n' +
          'Hint: the backend "_torch" keeps a model without quantization as it is',
        [],
      ),
    )
  })
})
