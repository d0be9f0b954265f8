import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../../../engine/create-tensors.ts'
import { closeEngine } from '../../../engine/engine.ts'
import { ReLU } from '../../../nn/layers/activations.ts'
import { Linear } from '../../../nn/layers/linear.ts'
import { Sequential } from '../../../nn/layers/sequential.ts'
import { stateDict } from '../../../nn/state-dict.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { QuantizerConfig } from '../../config/quantizer-config.ts'
import { ExportError } from '../../export-error.ts'
import { Quantizer } from '../../quantizer.ts'

afterAll(() => closeEngine())

const x = randn([4, 16])
const tensorwise = { granularity: { type: 'per_tensor' } }
const byChannel = { granularity: { type: 'per_channel', axis: 0 } }
const blocks = { granularity: { type: 'per_block', axis: 1, block_size: 8 } }
const byMinval = { qscheme: 'asymmetric', qformulation: 'minval' }

async function prepare(mode: string, weight: object | null, input: object | null) {
  const model = new Sequential(new Linear(16, 8), new ReLU(), new Linear(8, 4))
  const global_config = {
    op_input_spec: input && { '*': input },
    op_output_spec: null,
    op_state_spec: weight && { weight },
  }
  const config = QuantizerConfig.fromDict({ quantization_config: { execution_mode: mode, global_config } })
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  return { quantizer, prepared: await quantizer.prepare([x]) }
}

/** What is asked for: weights or activations. */
interface Asked {
  readonly weight?: object
  readonly input?: object
}

describe('refuseTensors()', () => {
  test.each<[ExportBackend, Asked, string, string]>([
    [ExportBackend.CoreML, { weight: { dtype: 'int2', ...tensorwise } }, 'a weight of dtype int2', 'int4'],
    [
      ExportBackend.CoreML,
      { weight: { dtype: 'float8_e4m3fn', ...byChannel } },
      'a weight of dtype float8_e4m3fn',
      'int8',
    ],
    [
      ExportBackend.CoreML,
      { weight: { dtype: 'int8', ...byMinval, ...byChannel } },
      'the formulation "minval"',
      '"zp"',
    ],
    [
      ExportBackend.CoreML,
      { input: { dtype: 'int4', ...tensorwise } },
      'an activation of dtype int4',
      'int8',
    ],
    [ExportBackend.CoreML, { input: { dtype: 'int8', ...blocks } }, 'an activation per_block', 'per_tensor'],
    [
      ExportBackend.CoreAI,
      { input: { dtype: 'int8', ...blocks } },
      'blocks of an activation',
      'per_tensor or per_channel',
    ],
    [
      ExportBackend.CoreAI,
      { input: { dtype: 'float4_e2m1fn_x2', ...tensorwise } },
      'an activation of dtype float4_e2m1fn_x2',
      'float8_e4m3fn',
    ],
    [
      ExportBackend.CoreAI,
      { input: { dtype: 'uint4', qscheme: 'asymmetric', ...tensorwise } },
      'an activation of dtype uint4',
      'uint8',
    ],
    [
      ExportBackend.CoreAI,
      { input: { dtype: 'int2', ...tensorwise } },
      'an activation of dtype int2',
      'int8',
    ],
    [
      ExportBackend.CoreAI,
      { input: { qparam_calculator_cls: 'dynamic', ...tensorwise } },
      'the calculator "dynamic", which stores no scales',
      '"moving_average"',
    ],
  ])(
    'refuseTensors() names each tensor for %s in both modes, and changes nothing: %j',
    async (backend, asked, problem, instead) => {
      for (const mode of ['graph', 'eager']) {
        const { quantizer, prepared } = await prepare(mode, asked.weight ?? null, asked.input ?? null)
        const before = await stateDict(prepared)
        const outputs = await prepared(x).data()
        const error = await quantizer.finalize({ backend }).catch((reason: unknown) => reason)
        if (!(error instanceof ExportError)) throw new TypeError(`expected an ExportError, got ${error}`)
        expect(error.tensors, mode).toHaveLength(2)
        const list = error.tensors.map((name) => `"${name}": ${problem} (${instead} would work)`)
        expect(error.message).toBe(
          `Cannot finalize for "${backend}": expected what the backend can express, got ${list.join('; ')}`,
        )
        expect(await stateDict(prepared)).toEqual(before)
        expect(await prepared(x).data()).toEqual(outputs)
      }
    },
  )

  test('refuseTensors() names what stands in the way of ONNX, weights and activations together', async () => {
    const { quantizer } = await prepare(
      'graph',
      { dtype: 'float4_e2m1fn_x2', ...blocks },
      { dtype: 'int8', ...blocks },
    )
    const refused = quantizer.finalize({ backend: ExportBackend.ONNX })
    const fp4 =
      'the dtype float4_e2m1fn_x2, for which ONNX Runtime has no kernels (float8_e4m3fn or int4 would work)'
    const inBlocks = 'blocks of an activation (per_tensor or per_channel would work)'
    await expect(refused).rejects.toThrow(
      new ExportError(
        `Cannot finalize for "onnx": expected what the backend can express, got "0.weight": ${fp4}; "2.weight": ${fp4}; "x": ${inBlocks}; "relu": ${inBlocks}`,
        ['0.weight', '2.weight', 'x', 'relu'],
      ),
    )
    await expect(refused).rejects.toMatchObject({ tensors: ['0.weight', '2.weight', 'x', 'relu'] })
  })

  test('refuseTensors() does not come to it in eager mode for ONNX, which needs a graph', async () => {
    const { quantizer } = await prepare('eager', { dtype: 'int8', ...byChannel }, null)
    await expect(quantizer.finalize({ backend: ExportBackend.ONNX })).rejects.toThrow(
      new ExportError(
        'Cannot finalize for "onnx": expected graph mode, which knows the graph that the file holds, got eager mode\n' +
          'Hint: quantize with ExecutionMode.GRAPH',
        [],
      ),
    )
  })
})
