import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'
import { decodeModel, encodeModel } from '../../codec/onnx.ts'
import { randn } from '../../engine/create-tensors.ts'
import { save } from '../../formats/save.ts'
import { exportModule } from '../../nn/export-module.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { checkWeb } from './check-web.ts'
import { readTarget } from './target.ts'
import { transformersFile } from './transformers-layout.ts'

let folder = ''
const at = (...names: readonly string[]) => join(folder, ...names)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-target-'))
  await mkdir(at('source'))
  // A float model of ONNX: what is excluded stays as it is.
  const argv = ['quantize', MNIST_PROGRAM, '-p', 'w8', '-x', 'conv.*', '-o', at('source', 'mnist.onnx'), '-q']
  expect((await runCommand(argv)).code).toBe(0)
  for (const name of ['config.json', 'tokenizer.json', 'preprocessor_config.json', 'notes.txt'])
    await writeFile(at('source', name), name)
})
afterAll(() => rm(folder, { recursive: true }))

describe('lowbit quantize --target', () => {
  it('lays a model out as transformers.js loads it, with what lies beside it', {
    timeout: 120_000,
  }, async () => {
    const argv = ['quantize', at('source', 'mnist.onnx'), '-t', 'transformersjs', '-o', at('laid-out'), '-q']
    expect((await runCommand([...argv, '-p', 'q8'])).code).toBe(0)
    expect((await runCommand([...argv, '-p', 'q4', '--block-size', '16'])).code).toBe(0)
    const half = await runCommand([...argv, '-p', 'q4f16', '--block-size', '16', '--json'])
    expect(half.json().quantized.path).toBe(at('laid-out', 'onnx', 'model_q4f16.onnx'))
    expect(half.json().web.outputs[0]).toMatchObject({ name: 'output', sqnrDb: 'Infinity' })
    expect(half.json().warnings.join()).toContain('WebGPU runs float16 only where the adapter has shader-f16')
    expect((await readdir(at('laid-out'))).sort()).toEqual(
      ['config.json', 'onnx', 'preprocessor_config.json', 'tokenizer.json'].sort(),
    )
    expect((await readdir(at('laid-out', 'onnx'))).sort()).toEqual(
      ['model.onnx', 'model_q4.onnx', 'model_q4f16.onnx', 'model_quantized.onnx'].sort(),
    )
    expect(await readFile(at('laid-out', 'onnx', 'model.onnx'))).toEqual(
      await readFile(at('source', 'mnist.onnx')),
    )
  })

  it('says what transformers.js will miss', async () => {
    const argv = [
      'quantize',
      MNIST_PROGRAM,
      '-t',
      'transformers.js',
      '-o',
      at('bare'),
      '-p',
      'w8',
      '--json',
      '-q',
    ]
    expect((await runCommand(argv)).json().warnings).toEqual([
      'transformers.js needs a config.json, and none lies beside the model: put one into the folder',
      'the float model is not copied to onnx/model.onnx: name a dtype when you load the model',
    ])
  })

  it('warns of what WebGPU leaves to the CPU', async () => {
    const argv = ['quantize', MNIST_PROGRAM, '-t', 'web', '-p', 'w8a8', '--random', '1', '-o', at('web.onnx')]
    const { code, json } = await runCommand([...argv, '-q', '--json'])
    expect(code).toBe(0)
    expect(json().warnings.join()).toContain('WebGPU has no QuantizeLinear')
  })

  it.each([
    [
      ['-t', 'transformer.js'],
      'Cannot write for "transformer.js": expected one of transformers.js, onnxruntime-web, got "transformer.js"\nHint: did you mean "transformers.js"?',
    ],
    [
      ['-t', 'transformers.js', '-p', 'w4'],
      'Cannot write the preset "w4" for transformers.js: expected one of w8, w8a8, w8a8-uint8, w4-block, q4f16, got "w4"\n' +
        'Hint: the library finds files by its own dtypes, and has none for this one',
    ],
    [
      ['-t', 'web', '-b', 'coreml', '-p', 'w8'],
      'Cannot write for "onnxruntime-web": expected the backend "onnx", got "coreml"\nHint: leave out --backend, or --target, --float16 and presets with f16',
    ],
    [
      ['-b', 'coreai', '-p', 'q4f16'],
      'Cannot write float16: expected the backend "onnx", got "coreai"\nHint: leave out --backend, or --target, --float16 and presets with f16',
    ],
    [
      ['-p', 'w8q8'],
      'Cannot use the preset "w8q8": expected one of w8a8, w8a8-uint8, w8, w4, w4-block, q4f16, w4a8, fp8, got "w8q8"\nHint: did you mean "w8a8"?',
    ],
  ])('ends with %j: 2', async (options, message) => {
    const { code, err } = await runCommand(['quantize', MNIST_PROGRAM, '-q', ...options])
    expect([code, err]).toEqual([2, `error: ${message}\n`])
  })
})

describe('readTarget()', () => {
  it('knows the names of the packages', () => {
    expect(readTarget('@huggingface/transformers')).toBe('transformers.js')
    expect(readTarget('ONNXRuntime-Web')).toBe('onnxruntime-web')
  })
})

describe('transformersFile()', () => {
  it.each([
    ['repo/onnx/model.onnx', 'w8', undefined, 'repo/onnx/model_quantized.onnx'],
    ['repo/onnx/decoder_model_merged.onnx', 'w4-block', undefined, 'repo/onnx/decoder_model_merged_q4.onnx'],
    ['repo/onnx/encoder_model_fp16.onnx', 'q4f16', undefined, 'repo/onnx/encoder_model_q4f16.onnx'],
    ['my/resnet.onnx', 'w8a8', undefined, 'my/resnet-transformers/onnx/model_int8.onnx'],
    ['my/resnet.onnx', 'w8a8-uint8', 'out', 'out/onnx/model_uint8.onnx'],
    ['my/resnet.onnx', undefined, 'out', 'out/onnx/model_quantized.onnx'],
  ])('puts %s as %s where the library looks', (path, preset, out, expected) => {
    expect(transformersFile(path, preset, out).path).toBe(expected)
  })
})

describe('checkWeb()', () => {
  it('refuses what Node runs and WebAssembly does not: tensors in a file that a page is not told of', async () => {
    const path = at('external.onnx')
    const x = randn([1, 64])
    await save(exportModule(new Linear(64, 64).eval(), [x]), path, { externalData: true })
    const model = decodeModel(await readFile(path))
    for (const { externalData } of model.graph?.initializer ?? [])
      for (const entry of externalData) if (entry.key === 'location') entry.value = 'other.bin'
    await writeFile(path, encodeModel(model))
    await rename(`${path}.data`, at('other.bin'))
    await expect(checkWeb(path, ['output'], [[x]])).rejects.toThrow(
      `Cannot run "${path}" in a page: expected a model that onnxruntime-web's WebAssembly runs, got `,
    )
  })
})
