import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import { ReLU } from '../nn/layers/activations.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Sequential } from '../nn/layers/sequential.ts'
import { ExportBackend } from '../quantization/config/execution-mode.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { Quantizer } from '../quantization/quantizer.ts'
import { fromValues } from '../tensor/from-values.ts'
import { toFloat32 } from '../tensor/to-float32.ts'
import { compareExport, compareLayers } from './agreement.ts'
import { onnxRunner } from './onnx/onnx-runner.ts'

afterAll(() => closeEngine())

const x = randn([16, 8])

async function finalized() {
  const quantizer = new Quantizer(new Sequential(new Linear(8, 6), new ReLU(), new Linear(6, 3)))
  const prepared = await quantizer.prepare([x])
  return { prepared, onnx: await quantizer.finalize({ backend: ExportBackend.ONNX }) }
}

describe('compareExport()', () => {
  test('compareExport() finds no difference where ONNX Runtime fuses nothing', async () => {
    const { prepared, onnx } = await finalized()
    expect(await compareExport(prepared, onnx, await onnxRunner(onnx), [[x]])).toEqual([
      {
        name: 'output',
        largestDifference: 0,
        meanDifference: 0,
        sqnrDb: Number.POSITIVE_INFINITY,
        largestInSteps: 0,
      },
    ])
  })

  test('compareExport() tells the difference in numbers, steps and decibels', async () => {
    const { prepared, onnx } = await finalized()
    const expected = Float32Array.from(await prepared(x).data(), Number)
    const shifted = expected.map((value, i) => (i === 0 ? value + 0.5 : value))
    const run = async () => [fromValues('float32', [16, 3], shifted)]
    const [agreement] = await compareExport(prepared, onnx, run, [[x]])
    expect(agreement?.largestDifference).toBeCloseTo(0.5, 5)
    expect(agreement?.meanDifference).toBeCloseTo(0.5 / 48, 5)
    expect(agreement?.largestInSteps).toBeGreaterThan(1)
    const power = expected.reduce((sum, value) => sum + value * value, 0)
    expect(agreement?.sqnrDb).toBeCloseTo(10 * Math.log10(power / 0.25), 3)
  })

  test('compareExport() refuses to say anything without a batch, or of outputs that are missing', async () => {
    const { prepared, onnx } = await finalized()
    await expect(compareExport(prepared, onnx, async () => [], [])).rejects.toThrow(
      new RangeError('Cannot compare an export: expected at least one batch, got none'),
    )
    await expect(compareExport(prepared, onnx, async () => [], [[x]])).rejects.toThrow(
      new RangeError('Cannot compare an export: expected 1 outputs, got 0'),
    )
  })
})

describe('compareLayers()', () => {
  test('compareLayers() tells for each quantizer how far it is, in order', async () => {
    const { prepared, onnx } = await finalized()
    const agreements = await compareLayers(prepared, onnx, onnxRunner, [[x]])
    expect(agreements.map(({ name, largestDifference }) => [name, largestDifference])).toEqual([
      ['activation_post_process_0', 0],
      ['activation_post_process_2', 0],
      ['activation_post_process_4', 0],
    ])
  })

  test('compareLayers() shows the first quantizer at which a runtime goes another way', async () => {
    const { prepared, onnx } = await finalized()
    const makeRunner: typeof onnxRunner = async (model) => {
      const run = await onnxRunner(model)
      // A runtime that gets everything after the first quantizer wrong.
      return async (inputs) => {
        const [first, ...rest] = await run(inputs)
        const wrong = rest.map((array) =>
          fromValues(
            'float32',
            array.shape,
            toFloat32(array).map((v) => v + 1),
          ),
        )
        return first === undefined ? wrong : [first, ...wrong]
      }
    }
    const steps = (await compareLayers(prepared, onnx, makeRunner, [[x]])).map(
      ({ largestInSteps }) => largestInSteps ?? 0,
    )
    expect(steps.map((step) => step > 0.5)).toEqual([false, true, true])
  })

  test('compareLayers() refuses a model none of whose activations is quantized', async () => {
    const config = QuantizerConfig.fromDict({
      quantization_config: {
        global_config: {
          op_input_spec: null,
          op_output_spec: null,
          op_state_spec: { weight: { dtype: 'int8' } },
        },
      },
    })
    const quantizer = new Quantizer(new Sequential(new Linear(8, 6)), config)
    const prepared = await quantizer.prepare([x])
    const onnx = await quantizer.finalize({ backend: ExportBackend.ONNX })
    await expect(compareLayers(prepared, onnx, onnxRunner, [[x]])).rejects.toThrow(
      new RangeError('Cannot compare layers: expected activations that are quantized, got none'),
    )
  })
})
