import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Sequential } from '../nn/layers/sequential.ts'
import { ExportBackend } from '../quantization/config/execution-mode.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { Quantizer } from '../quantization/quantizer.ts'
import { type ExportSize, exportSize } from './export-size.ts'
import { type SaveOptions, save } from './save.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
afterAll(() => closeEngine())

/** Sizes of one linear layer of some width, quantized and written. */
async function sizeOf(width: number, [name, backend, weight, options]: Case): Promise<ExportSize> {
  const global_config = { op_input_spec: null, op_output_spec: null, op_state_spec: { weight } }
  const config = QuantizerConfig.fromDict({ quantization_config: { global_config } })
  const quantizer = new Quantizer(new Sequential(new Linear(width, width)), config, {
    logger: { warn: () => {} },
  })
  await quantizer.prepare([randn([1, width])])
  const finalized = await quantizer.finalize({ backend })
  const path = join(folder, `${width}.${name}`)
  await save(finalized, path, options)
  return exportSize(finalized, path)
}

type Case = readonly [string, ExportBackend, object, SaveOptions, number]

const channels = { granularity: { type: 'per_channel', axis: 0 } }
const blocks = { granularity: { type: 'per_block', axis: 1, block_size: 32 } }
const WIDTH = 1024
const values = WIDTH * WIDTH
/** Bytes of the biases, and of a scale for each channel or block. */
const perChannel = WIDTH * 4
const perBlock = (values / 32) * 4

describe('exportSize()', () => {
  test.each<Case>([
    ['int8.onnx', ExportBackend.ONNX, { dtype: 'int8', ...channels }, {}, values + 2 * perChannel + WIDTH],
    ['int4.onnx', ExportBackend.ONNX, { dtype: 'int4', ...blocks }, {}, values / 2 + perBlock + perChannel],
    [
      'external.onnx',
      ExportBackend.ONNX,
      { dtype: 'int4', ...blocks },
      { externalData: true },
      values / 2 + perBlock + perChannel,
    ],
    [
      'nbits.onnx',
      ExportBackend.ONNX,
      { dtype: 'int4', ...blocks },
      { matMulNBits: true },
      values / 2 + perBlock + perChannel,
    ],
    ['int8.pt2', ExportBackend.CoreAI, { dtype: 'int8', ...channels }, {}, values + 2 * perChannel + WIDTH],
    [
      'int4.mlpackage',
      ExportBackend.CoreML,
      { dtype: 'int4', ...channels },
      {},
      values / 2 + 2 * perChannel + WIDTH / 2,
    ],
  ])(
    'exportSize() is at most two hundredths above what the weights hold, the program apart: %s',
    async (...row) => {
      const small = await sizeOf(32, row)
      const { fileBytes, informationBytes } = await sizeOf(WIDTH, row)
      expect(informationBytes).toBe(row[4])
      const programBytes = small.fileBytes - small.informationBytes
      expect(fileBytes).toBeGreaterThan(informationBytes)
      expect(fileBytes).toBeLessThanOrEqual(1.02 * informationBytes + programBytes)
    },
  )

  test('exportSize() counts the bits that Core AI stores, which a program carries in whole bytes', async () => {
    const row: Case = ['int4.pt2', ExportBackend.CoreAI, { dtype: 'int4', ...channels }, {}, 0]
    const { fileBytes, informationBytes } = await sizeOf(WIDTH, row)
    expect(informationBytes).toBe(values / 2 + 2 * perChannel + WIDTH / 2)
    expect(fileBytes).toBeGreaterThan(values)
  })
})
