import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../../engine/create-tensors.ts'
import { closeEngine } from '../../engine/engine.ts'
import { Tensor } from '../../engine/tensor.ts'
import { exportModule } from '../../nn/export-module.ts'
import { ReLU, Softmax } from '../../nn/layers/activations.ts'
import { BatchNorm2d } from '../../nn/layers/batch-norm.ts'
import { Conv2d } from '../../nn/layers/convolution.ts'
import { Flatten } from '../../nn/layers/flatten.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { MaxPool2d } from '../../nn/layers/pooling.ts'
import { LSTM } from '../../nn/layers/recurrent.ts'
import { Sequential } from '../../nn/layers/sequential.ts'
import type { AnyModule } from '../../nn/module.ts'
import { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { Quantizer } from '../../quantization/quantizer.ts'
import { loadExportedProgram } from '../pt2/load-exported-program.ts'
import { save } from '../save.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))

afterAll(() => closeEngine())

async function valuesOf(output: unknown): Promise<number[]> {
  const [first] = Array.isArray(output) ? output : [output]
  if (first instanceof Tensor) return Array.from(await first.data(), Number)
  throw new TypeError('expected a tensor')
}

const image = randn([2, 3, 8, 8])
const sequence = randn([2, 5, 8])

describe('exportedProgram()', () => {
  test.each<[string, AnyModule, Tensor]>([
    [
      'convolution',
      new Sequential(
        new Conv2d(3, 4, 3, { padding: 1, stride: 2 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(16, 5),
        new Softmax(-1),
      ),
      image,
    ],
    ['recurrent', new LSTM(8, 6, { numLayers: 2, bidirectional: true, batchFirst: true }), sequence],
  ])('exportedProgram() writes what loadExportedProgram() reads: %s', async (name, model, x) => {
    model.eval()
    const exported = exportModule(model, [x])
    const path = join(folder, `${name}.pt2`)
    await save(exported, path)
    const loaded = await loadExportedProgram(path)
    expect(loaded.graph.nodes.map((node) => [node.name, node.op.name, node.attrs])).toEqual(
      exported.graph.nodes.map((node) => [node.name, node.op.name, node.attrs]),
    )
    expect(await valuesOf(loaded(x))).toEqual(await valuesOf(exported(x)))
  })

  test('exportedProgram() keeps sizes that may vary', async () => {
    const model = new Sequential(new Flatten(), new Linear(12, 2)).eval()
    const exported = exportModule(model, [randn([2, 3, 4])], { dynamicShapes: [{ 0: 'batch' }] })
    const path = join(folder, 'dynamic.pt2')
    await save(exported, path)
    const loaded = await loadExportedProgram(path)
    const x = randn([5, 3, 4])
    expect(await valuesOf(loaded(x))).toEqual(await valuesOf(exported(x)))
  })

  test('exportedProgram() refuses fake quantizers, and minvals of int4, before it writes', async () => {
    const quantizer = new Quantizer(
      new Sequential(new Linear(8, 4)),
      QuantizerConfig.fromDict({
        quantization_config: {
          global_config: {
            op_input_spec: null,
            op_output_spec: null,
            op_state_spec: {
              weight: {
                dtype: 'int4',
                qscheme: 'asymmetric',
                qformulation: 'minval',
                granularity: { type: 'per_tensor' },
              },
            },
          },
        },
      }),
    )
    const prepared = await quantizer.prepare([randn([2, 8])])
    const path = join(folder, 'refused.pt2')
    await expect(save(prepared, path)).rejects.toThrow(
      new ExportError(
        'Cannot write an exported program: expected what its format can hold, got ' +
          '"activation_post_process_0": a fake quantizer (finalize for the backend "coreai" first)',
        ['activation_post_process_0'],
      ),
    )
    await expect(save(await quantizer.finalize(), path)).rejects.toThrow(
      '"constexpr_blockwise_shift_scale": the formulation "minval" with int4 (the formulation "zp", or ONNX would work)',
    )
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([])
  })
})
