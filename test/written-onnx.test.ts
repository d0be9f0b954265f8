import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openSession } from '../src/cli/onnx-session.ts'
import { decodeModel } from '../src/codec/onnx.ts'
import { randn } from '../src/engine/create-tensors.ts'
import { closeEngine } from '../src/engine/engine.ts'
import type { Tensor } from '../src/engine/tensor.ts'
import { type SaveOptions, save } from '../src/formats/save.ts'
import { ReLU } from '../src/nn/layers/activations.ts'
import { Linear } from '../src/nn/layers/linear.ts'
import { Sequential } from '../src/nn/layers/sequential.ts'
import { type AnyModule, Module } from '../src/nn/module.ts'
import { ExportBackend } from '../src/quantization/config/execution-mode.ts'
import { QuantizerConfig } from '../src/quantization/config/quantizer-config.ts'
import { Quantizer } from '../src/quantization/quantizer.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
const x = randn([4, 64])
afterAll(() => closeEngine())

const perTensor = { granularity: { type: 'per_tensor' } }
const perChannel = { granularity: { type: 'per_channel', axis: 0 } }
const perBlock = { granularity: { type: 'per_block', axis: 1, block_size: 32 } }

/** Quantizes a model and writes it. */
async function written(
  name: string,
  model: AnyModule,
  weight: object,
  activation: object | null,
  options: SaveOptions = {},
): Promise<string> {
  const spec = activation && { '*': activation }
  const global_config = { op_input_spec: spec, op_output_spec: spec, op_state_spec: { weight } }
  const config = QuantizerConfig.fromDict({ quantization_config: { global_config } })
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  await quantizer.prepare([x])
  const path = join(folder, `${name}.onnx`)
  await save(await quantizer.finalize({ backend: ExportBackend.ONNX }), path, options)
  return path
}

async function outputOf(path: string, runtime: 'node' | 'wasm'): Promise<Float32Array> {
  const session = await openSession(path, { runtime, optimized: false, threads: 1 })
  const [output] = await session.run([x])
  await session.release()
  if (output === undefined) throw new TypeError('expected an output, got none')
  return toFloat32(output)
}

/** Two layers that have one weight. */
class Tied extends Module<[Tensor], Tensor> {
  readonly first = new Linear(64, 64)
  readonly second = new Linear(64, 64)

  constructor() {
    super()
    this.second.weight = this.first.weight
  }

  override forward(input: Tensor): Tensor {
    return this.second(this.first(input).relu())
  }
}

describe('save()', () => {
  test.each<[string, object, object | null, SaveOptions]>([
    ['int8', { dtype: 'int8', ...perChannel }, { dtype: 'int8', ...perTensor }, {}],
    [
      'uint8',
      { dtype: 'uint8', qscheme: 'asymmetric', ...perChannel },
      { dtype: 'uint8', qscheme: 'asymmetric', ...perTensor },
      {},
    ],
    ['int4-blocks', { dtype: 'int4', ...perBlock }, null, {}],
    ['uint4', { dtype: 'uint4', qscheme: 'asymmetric', ...perChannel }, null, {}],
    ['int2', { dtype: 'int2', ...perBlock }, null, { opset: 25 }],
    ['fp8', { dtype: 'float8_e4m3fn', ...perChannel }, null, {}],
    ['nbits', { dtype: 'int4', ...perBlock }, null, { matMulNBits: true }],
    ['external', { dtype: 'int4', ...perBlock }, null, { externalData: true }],
  ])(
    'save() writes what the runtime of pages computes as the one of Node does: %s',
    async (name, weight, activation, options) => {
      const model = new Sequential(new Linear(64, 96), new ReLU(), new Linear(96, 32))
      const path = await written(name, model, weight, activation, options)
      const [inNode, inPages] = [await outputOf(path, 'node'), await outputOf(path, 'wasm')]
      const largest = inNode.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
      expect(largest).toBeGreaterThan(0)
      inNode.forEach((value, i) => {
        expect(Math.abs(value - (inPages[i] ?? Number.NaN))).toBeLessThanOrEqual(1e-6 * largest)
      })
    },
  )

  test('save() stores a weight that layers share once', async () => {
    const path = await written('tied', new Tied(), { dtype: 'int8', ...perChannel }, null)
    const matrices = decodeModel(readFileSync(path)).graph?.initializer.filter(
      ({ dims }) => dims.length === 2,
    )
    expect(matrices).toHaveLength(1)
  })
})
