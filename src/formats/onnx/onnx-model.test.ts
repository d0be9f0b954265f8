import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeModel, encodeModel, TensorProto_DataType as OnnxType } from '../../codec/onnx.ts'
import { randn } from '../../engine/create-tensors.ts'
import { closeEngine } from '../../engine/engine.ts'
import { Tensor } from '../../engine/tensor.ts'
import { exportModule } from '../../nn/export-module.ts'
import { ReLU, ReLU6 } from '../../nn/layers/activations.ts'
import { Flatten } from '../../nn/layers/flatten.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Sequential } from '../../nn/layers/sequential.ts'
import { ExportBackend } from '../../quantization/config/execution-mode.ts'
import { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { type QuantizedModel, Quantizer } from '../../quantization/quantizer.ts'
import { loadOnnxModel } from '../onnx-reader/load-onnx-model.ts'
import { type SaveOptions, save } from '../save.ts'
import { onnxModel } from './onnx-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
const x = randn([4, 64])

afterAll(() => closeEngine())

const perTensor = { granularity: { type: 'per_tensor' } }
const perChannel = { granularity: { type: 'per_channel', axis: 0 } }
const perBlock = { granularity: { type: 'per_block', axis: 1, block_size: 16 } }

/** The same small model, finalized for ONNX and as it was prepared. */
async function finalized(
  weight: object,
  activation: object | null = null,
): Promise<{ readonly onnx: QuantizedModel; readonly expected: Float32Array }> {
  const spec = activation && { '*': activation }
  const global_config = { op_input_spec: spec, op_output_spec: spec, op_state_spec: { weight } }
  const model = new Sequential(new Linear(64, 48), new ReLU(), new Linear(48, 16))
  const config = QuantizerConfig.fromDict({ quantization_config: { global_config } })
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  await quantizer.prepare([x])
  const torch = await quantizer.finalize({ backend: ExportBackend._TORCH })
  return {
    onnx: await quantizer.finalize({ backend: ExportBackend.ONNX }),
    expected: await floatsOf(torch(x)),
  }
}

async function floatsOf(output: unknown): Promise<Float32Array> {
  if (output instanceof Tensor) return Float32Array.from(await output.data(), Number)
  throw new TypeError('expected a tensor')
}

async function runFile(path: string): Promise<unknown> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  const input = new OrtTensor('float32', await floatsOf(x), [4, 64])
  const results = await session.run({ [session.inputNames[0] ?? '']: input })
  return results[session.outputNames[0] ?? '']?.data
}

function dtypesIn(path: string): Set<number> {
  const model = decodeModel(readFileSync(path))
  return new Set(model.graph?.initializer.map(({ dataType }) => dataType))
}

describe('onnxModel()', () => {
  test.each<[keyof typeof OnnxType, string, object, object | null, SaveOptions]>([
    ['INT8', 'int8', { dtype: 'int8', ...perTensor }, null, {}],
    ['INT8', 'int8-static', { dtype: 'int8', ...perChannel }, { dtype: 'int8', ...perTensor }, {}],
    [
      'UINT8',
      'uint8',
      { dtype: 'uint8', qscheme: 'asymmetric', ...perChannel },
      { dtype: 'uint8', qscheme: 'asymmetric', ...perTensor },
      { opset: 18 },
    ],
    ['INT4', 'int4', { dtype: 'int4', ...perChannel }, null, {}],
    ['INT4', 'int4-blocks', { dtype: 'int4', ...perBlock }, null, {}],
    ['UINT4', 'uint4', { dtype: 'uint4', qscheme: 'asymmetric', ...perBlock }, null, {}],
    ['INT4', 'int2', { dtype: 'int2', ...perBlock }, null, {}],
    ['INT2', 'int2-25', { dtype: 'int2', ...perBlock }, null, { opset: 25 }],
    [
      'FLOAT8E4M3FN',
      'fp8',
      { dtype: 'float8_e4m3fn', ...perChannel },
      { dtype: 'float8_e4m3fn', ...perTensor },
      {},
    ],
    ['INT4', 'external', { dtype: 'int4', ...perBlock }, null, { externalData: true }],
  ])(
    'onnxModel() stores weights as %s, and ONNX Runtime computes what was prepared: %s',
    async (dtype, name, weight, activation, options) => {
      const { onnx, expected } = await finalized(weight, activation)
      const path = join(folder, `${name}.onnx`)
      await save(onnx, path, options)
      expect(dtypesIn(path)).toContain(OnnxType[dtype])
      expect(await runFile(path)).toEqual(expected)
      expect(readdirSync(folder).includes(`${name}.onnx.data`)).toBe(options.externalData === true)
    },
  )

  test.each([
    ['int4', { dtype: 'int4', ...perBlock }],
    ['uint4 with zero points', { dtype: 'uint4', qscheme: 'asymmetric', ...perBlock }],
    ['int8', { dtype: 'int8', ...perBlock }],
    ['int2', { dtype: 'int2', ...perBlock }],
  ])(
    'onnxModel() writes products with weights in blocks as MatMulNBits on request: %s',
    async (name, weight) => {
      const { onnx, expected } = await finalized(weight)
      const path = join(folder, `nbits-${name}.onnx`)
      await save(onnx, path, { matMulNBits: true })
      const operators = decodeModel(readFileSync(path)).graph?.node.map(({ opType }) => opType)
      expect(operators?.filter((type) => type === 'MatMulNBits')).toHaveLength(2)
      expect(operators).not.toContain('DequantizeLinear')
      const got = await runFile(path)
      expected.forEach((value, i) => {
        expect(Math.abs(value - Number(Object(got)[i]))).toBeLessThan(1e-5)
      })
    },
  )

  // ONNX Runtime refuses zero points of int8 here, once it moves a quantize past the reshape.
  test.each([
    ['symmetric', {}],
    ['asymmetric', { opset: 21 }],
    ['symmetric', { opset: 23 }],
  ])(
    'onnxModel() writes %s int8 activations around a reshape so that ONNX Runtime optimizes them: %j',
    async (qscheme, options) => {
      const activation = { '*': { dtype: 'int8', qscheme, ...perTensor } }
      const weight = { dtype: 'int8', ...perChannel }
      const global_config = {
        op_input_spec: activation,
        op_output_spec: activation,
        op_state_spec: { weight },
      }
      const model = new Sequential(new Linear(64, 48), new ReLU(), new Flatten(0), new Linear(192, 16))
      const config = QuantizerConfig.fromDict({ quantization_config: { global_config } })
      const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
      const prepared = await quantizer.prepare([x])
      const bytes = encodeModel(
        await onnxModel(await quantizer.finalize({ backend: ExportBackend.ONNX }), options),
      )
      // Without instructions for dot products of bytes, fused kernels saturate unless they are told not to.
      const extra = { session: { x64quantprecision: '1' } }
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, extra })
      const input = new OrtTensor('float32', await floatsOf(x), [4, 64])
      const results = await session.run({ [session.inputNames[0] ?? '']: input })
      const got = Object(results[session.outputNames[0] ?? '']?.data)
      const expected = await floatsOf(prepared(x))
      // Fused integer kernels may round a step otherwise.
      expected.forEach((value, i) => {
        expect(Math.abs(value - Number(got[i]))).toBeLessThan(0.05)
      })
    },
  )

  test.each([
    ['float8_e4m3fn', perChannel],
    ['float8_e5m2', perBlock],
  ])(
    'onnxModel() quantizes to and from %s by QuantizeLinear and DequantizeLinear',
    async (dtype, granularity) => {
      const { onnx, expected } = await finalized({ dtype, ...granularity }, { dtype, ...perTensor })
      const path = join(folder, `linear-${dtype}.onnx`)
      await save(onnx, path)
      const operators = decodeModel(readFileSync(path)).graph?.node.map(({ opType }) => opType) ?? []
      const count = (type: string) => operators.filter((each) => each === type).length
      // What comes out of the ReLU is quantized by a cast.
      expect([count('QuantizeLinear'), count('DequantizeLinear'), count('Cast')]).toEqual([2, 5, 1])
      expect(await runFile(path)).toEqual(expected)
    },
  )

  test.each([
    ['a clip', ReLU6],
    ['a ReLU', ReLU],
  ])('onnxModel() quantizes to floats after %s so that ONNX Runtime optimizes it', async (_, Activation) => {
    const fp8 = { dtype: 'float8_e4m3fn', ...perTensor }
    const model = new Sequential(new Linear(64, 48), new Activation(), new Linear(48, 16))
    const global_config = {
      op_input_spec: { '*': fp8 },
      op_output_spec: { '*': fp8 },
      op_state_spec: { weight: fp8 },
    }
    const quantizer = new Quantizer(
      model,
      QuantizerConfig.fromDict({ quantization_config: { global_config } }),
    )
    const prepared = await quantizer.prepare([x])
    const bytes = encodeModel(await onnxModel(await quantizer.finalize({ backend: ExportBackend.ONNX })))
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 })
    const input = new OrtTensor('float32', await floatsOf(x), [4, 64])
    const results = await session.run({ [session.inputNames[0] ?? '']: input })
    expect(results[session.outputNames[0] ?? '']?.data).toEqual(await floatsOf(prepared(x)))
  })

  test('onnxModel() says what made the model and how it is quantized', async () => {
    const { onnx } = await finalized({ dtype: 'int4', ...perBlock })
    const { metadataProps, producerName } = await onnxModel(onnx)
    const entries = new Map(metadataProps.map(({ key, value }) => [key, value]))
    expect(producerName).toBe('lowbit')
    expect(JSON.parse(entries.get('lowbit.recipe') ?? '')).toEqual([
      { tensor: '0_weight_quantized', module: '0', dtype: 'int4', axis: 1, blockSize: 16 },
      { tensor: '2_weight_quantized', module: '2', dtype: 'int4', axis: 1, blockSize: 16 },
    ])
  })

  test('onnxModel() gives nodes the paths and classes of their modules, which loadOnnxModel() finds again', async () => {
    const layer = () => new Sequential(new Linear(64, 64), new ReLU())
    const captured = await exportModule(new Sequential(layer(), layer()).eval(), [x])
    const model = await onnxModel(captured)
    expect(model.graph?.node.map(({ name }) => name)).toEqual([
      '/0/0/Gemm',
      '/0/1/Relu',
      '/1/0/Gemm',
      '/1/1/Relu',
    ])
    expect(model.graph?.node[2]?.metadataProps.map(({ key, value }) => [key, value])).toEqual([
      ['pkg.torch.onnx.name_scopes', "['', '1', '1.0', '/1/0/Gemm']"],
      ['pkg.torch.onnx.class_hierarchy', "['Sequential', 'Sequential', 'Linear', 'aten.linear']"],
    ])
    const { graph } = await loadOnnxModel(encodeModel(model))
    expect(graph.nodes.map(({ scope }) => scope?.path)).toEqual(['0.0', '0.1', '1.0', '1.1'])
  })

  test('onnxModel() refuses an opset that lacks what the model uses, or that nobody knows', async () => {
    const { onnx } = await finalized({ dtype: 'int4', ...perBlock })
    await expect(onnxModel(onnx, { opset: 19 })).rejects.toThrow(
      new ExportError(
        'Cannot write a model as ONNX of opset 19: expected what it has, got DequantizeLinear in blocks (21), int4 (21)\n' +
          'Hint: ask for opset 21, or for none',
        [],
      ),
    )
    await expect(onnxModel(onnx, { opset: 17 })).rejects.toThrow(
      new RangeError('Cannot write a model as ONNX: expected an opset from 18 to 25, got 17'),
    )
  })
})
