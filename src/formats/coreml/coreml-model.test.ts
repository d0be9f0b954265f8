import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listProgram } from '../../../test/list-program.ts'
import { encodeCoreMLModel } from '../../codec/coreml.ts'
import { zeros } from '../../engine/create-tensors.ts'
import { closeEngine } from '../../engine/engine.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { setMember } from '../../nn/container.ts'
import { exportModule } from '../../nn/export-module.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { ReLU } from '../../nn/layers/activations.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Sequential } from '../../nn/layers/sequential.ts'
import { Module } from '../../nn/module.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { CoreMLActivation } from '../../quantization/graph/finalize/coreml-activation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { save } from '../save.ts'
import { type CoreMLOptions, coremlModel } from './coreml-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
  return closeEngine()
})

/** The numbers of scripts/goldens/make_coreml.py. */
function pattern(count: number, low: number, high: number): number[] {
  return Array.from({ length: count }, (_, i) => low + ((i * 7) % (high - low + 1)))
}

interface Quantized {
  readonly shape: readonly [number, number]
  readonly blocks: readonly [number, number]
  readonly bits: number
  readonly data: readonly number[]
  readonly scale: readonly number[]
  readonly zeroPoint: readonly number[]
}

const FIRST: Quantized = {
  shape: [12, 4],
  blocks: [12, 1],
  bits: 8,
  data: pattern(48, -127, 127),
  scale: Array.from({ length: 12 }, (_, i) => 2 ** -(3 + (i % 3))),
  zeroPoint: new Array(12).fill(0),
}
const SECOND: Quantized = {
  shape: [3, 12],
  blocks: [3, 3],
  bits: 4,
  data: pattern(36, -8, 7),
  scale: new Array(9).fill(0.5),
  zeroPoint: pattern(9, -2, 2),
}

function valuesOf({ shape, blocks, data, scale, zeroPoint }: Quantized): HostArray {
  const [rows, columns] = shape
  const values = data.map((code, i) => {
    const row = Math.floor(i / columns)
    const block =
      Math.floor((row * blocks[0]) / rows) * blocks[1] + Math.floor(((i % columns) * blocks[1]) / columns)
    return (scale[block] ?? 0) * (code - (zeroPoint[block] ?? 0))
  })
  return fromValues('float32', shape, values)
}

/** The model of the golden package. */
class Golden extends Module {
  readonly first: Linear = new Linear(4, 12)
  readonly relu: ReLU = new ReLU()
  readonly activation: CoreMLActivation = new CoreMLActivation(
    {
      scale: fromValues('float32', [1, 1], [0.25]),
      zeroPoint: fromValues('int8', [1, 1], [-3]),
      minval: null,
    },
    'int8',
  )
  readonly second: Linear = new Linear(12, 3)

  override forward(x: Tensor): Tensor {
    return this.second(this.activation(this.relu(this.first(x))))
  }
}

async function golden(): Promise<GraphModule> {
  const module = await exportModule(new Golden(), [zeros([2, 4])])
  for (const [name, weight] of [['first', FIRST] as const, ['second', SECOND] as const]) {
    const metadata = (key: string, dtype: DType, shape: readonly number[], values: readonly number[]) =>
      setMember(module, `${name}._COREML_/weight/${key}`, new Buffer(fromValues(dtype, shape, values)))
    setMember(module, `${name}.weight`, new Parameter(valuesOf(weight)))
    metadata('quantization_n_bits', 'int64', [], [weight.bits])
    metadata('quantization_scale', 'float32', weight.blocks, weight.scale)
    metadata('zero_point', 'int8', weight.blocks, weight.zeroPoint)
  }
  const biases = { first: Array.from({ length: 12 }, (_, i) => i / 8), second: [0, 0, 0] }
  for (const [name, values] of Object.entries(biases))
    setMember(module, `${name}.bias`, new Parameter(fromValues('float32', [values.length], values)))
  return module
}

async function listed(module: GraphModule, options?: CoreMLOptions): Promise<string[]> {
  const { model, blobs } = await coremlModel(module, options)
  const weights = Uint8Array.from([...blobs.pieces()].flatMap((piece) => [...piece]))
  return listProgram(encodeCoreMLModel(model), weights)
}

describe('coremlModel()', () => {
  test('coremlModel() writes the program that coremltools writes for the same model', async () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../../test/goldens/coreml/${name}`, import.meta.url))
    expect(await listed(await golden())).toEqual(listProgram(read('model.mlmodel'), read('weight.bin')))
  })

  test('coremlModel() computes in float16 on request, between a float32 input and a float32 output', async () => {
    const module = await exportModule(new Sequential(new Linear(2, 2, { bias: false }), new ReLU()), [
      zeros([1, 2]),
    ])
    setMember(module, '0.weight', new Parameter(fromValues('float32', [2, 2], [1, 2, 0.5, 0])))
    expect(await listed(module, { computePrecision: 'float16' })).toEqual([
      '%0 float16 [1, 2] = cast(dtype="fp16", x=x)',
      '%1 float16 [1, 2] = linear(weight=float16 [2, 2] 0 60 0 64 0 56 0 0, x=%0)',
      '%2 float16 [1, 2] = relu(x=%1)',
      '%3 float32 [1, 2] = cast(dtype="fp32", x=%2)',
      'return %3',
    ])
  })

  test('coremlModel() refuses a model with all that Core ML cannot have', async () => {
    class Sorted extends Module {
      override forward(x: Tensor): Tensor {
        return x.div(2, { roundingMode: 'trunc' }).add(x.div(3, { roundingMode: 'trunc' }))
      }
    }
    const module = await exportModule(new Sorted(), [zeros([2])])
    const problem = 'expected a quotient that is not rounded, or down, got roundingMode "trunc"'
    await expect(coremlModel(module)).rejects.toThrow(
      new ExportError(
        `Cannot write a model for Core ML: expected what an ML program can have, got "div": ${problem}; "div_1": ${problem}`,
        ['div', 'div_1'],
      ),
    )
  })

  test('coremlModel() refuses a quantized weight that was changed', async () => {
    const module = await golden()
    setMember(module, 'first.weight', new Parameter(fromValues('float32', [12, 4], new Array(48).fill(0.01))))
    await expect(coremlModel(module)).rejects.toThrow(
      new ExportError(
        'Cannot write "first.weight" for Core ML: expected the values that its scales stand for, got others\n' +
          'Hint: a weight that is changed after finalize() has to be quantized anew',
        ['first.weight'],
      ),
    )
  })
})

describe('save()', () => {
  test('save() writes a package of three files, and does not replace it unless asked', async () => {
    const path = join(folder, 'model.mlpackage')
    const module = await golden()
    await save(module, path)
    expect(readdirSync(path, { recursive: true }).map(String).sort()).toEqual(
      [
        'Data',
        'Data/com.apple.CoreML',
        'Data/com.apple.CoreML/model.mlmodel',
        'Data/com.apple.CoreML/weights',
        'Data/com.apple.CoreML/weights/weight.bin',
        'Manifest.json',
      ].map((name) => join(name)),
    )
    const manifest = JSON.parse(readFileSync(join(path, 'Manifest.json'), 'utf8'))
    expect(manifest.itemInfoEntries[manifest.rootModelIdentifier].path).toBe('com.apple.CoreML/model.mlmodel')
    await expect(save(module, path)).rejects.toThrow(
      `Cannot write "${path}": expected no file of that name, got a folder`,
    )
    await save(module, path, { overwrite: true })
    expect(readdirSync(folder)).toEqual(['model.mlpackage'])
  })
})
