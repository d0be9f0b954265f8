import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'
import { startCommand } from '../../../test/cli/spawn-command.ts'
import { decodeModel } from '../../codec/onnx.ts'
import { writeSafetensors } from '../../codec/safetensors.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { Random } from '../../tensor/random.ts'

let folder = ''
let data = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-quantize-'))
  data = join(folder, 'inputs.safetensors')
  const images = fromTypedArray(new Random(5).normal(8 * 784), [8, 1, 28, 28])
  await writeFile(data, writeSafetensors([['input', images]]))
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

describe('lowbit quantize', () => {
  it('writes weights in eight bits without data, and says that nothing was measured', async () => {
    const path = at('w8.onnx')
    const { code, out, err } = await runCommand(['quantize', MNIST_PROGRAM, '-p', 'q8', '-o', path])
    expect(code).toBe(0)
    expect(out).toContain('preset w8: 6 operations and 6 weights quantized, 13 operations float\n')
    expect(out).toContain(
      'next: Name data (--calibration <path>) to see how far the file is from the original\n',
    )
    expect(err).toMatch(/^reading .* s\nquantizing .* s\nwriting .*w8\.onnx {2}\d+\.\d s\n$/)
  })

  it('calibrates with data, runs what it wrote, and reports how far it is from the original', async () => {
    const argv = [
      'quantize',
      MNIST_PROGRAM,
      '-d',
      data,
      '-o',
      at('w8a8.onnx'),
      '-r',
      at('report'),
      '--json',
      '-q',
    ]
    const { code, err, json } = await runCommand(argv)
    const report = json()
    expect([code, err]).toEqual([0, ''])
    expect(report.config.origin).toBe('preset w8a8')
    expect(report.data).toEqual({ origin: data, batches: 4, isRandom: false })
    expect(report.plan.weights).toMatchObject({ count: 6, bytesBefore: 4 * 25_192 })
    expect(report.quantized.sizes[0].dtype).toBe('int8')
    expect(report.quantized.sizes[0].elements).toBeGreaterThanOrEqual(25_192)
    expect(report.agreement.outputs[0].sqnrDb).toBeGreaterThan(30)
    // What was written computes what was measured: the runtime does the same roundings when it fuses nothing.
    const plain = report.agreement.file.ways.find(
      (way: { runtime: string; optimized: boolean }) => way.runtime === 'node' && !way.optimized,
    )
    const { sqnrDb } = plain.againstPrepared[0]
    expect(sqnrDb === 'Infinity' || sqnrDb > 60).toBe(true)
    expect(report.agreement.layers.map(({ name }: { name: string }) => name)).toContain('linear_1')
    expect(report.histograms).not.toHaveLength(0)
    expect(JSON.parse(await readFile(join(at('report'), 'report.json'), 'utf8'))).toEqual(report)
    const html = await readFile(join(at('report'), 'report.html'), 'utf8')
    expect(html).toContain('<h1>model.pt2 <span class="arrow">→</span> w8a8.onnx</h1>')
    expect(html).not.toMatch(/https?:|<script|<link|src=/)
  })

  it('says loudly with --random that no data was used', async () => {
    const { code, out, err } = await runCommand([
      'quantize',
      MNIST_PROGRAM,
      '--random',
      '2',
      '-o',
      at('random.onnx'),
    ])
    expect(code).toBe(0)
    expect(out).toContain('calibrated with RANDOM numbers, not with data\n')
    expect(out).toContain('next: Calibrate with real inputs: ranges of random numbers fit nothing else\n')
    expect(err).toContain('warning: ranges and agreement come from random numbers')
  })

  it('leaves out what is excluded, and quantizes weights of what is left', async () => {
    const argv = [
      'quantize',
      MNIST_PROGRAM,
      '-p',
      'w8',
      '-x',
      'conv.*',
      '-o',
      at('dense.onnx'),
      '--json',
      '-q',
    ]
    const report = (await runCommand(argv)).json()
    expect(report.plan.weights.count).toBe(2)
    expect(report.config.excluded).toEqual(expect.arrayContaining(['conv2d', 'conv_transpose2d_1']))
  })

  it.each([
    ['coreai', '.pt2'],
    ['coreml', '.mlpackage'],
  ])('writes for %s', async (backend, ending) => {
    const path = at(`weights${ending}`)
    const { code, out } = await runCommand([
      'quantize',
      MNIST_PROGRAM,
      '-p',
      'w8',
      '-b',
      backend,
      '-o',
      path,
      '-q',
    ])
    expect(code).toBe(0)
    expect(out).toContain(path)
  })

  it('says that nothing was quantized, writes nothing, and ends with 1', async () => {
    const before = await readdir(folder)
    const { code, err } = await runCommand([
      'quantize',
      MNIST_PROGRAM,
      '-p',
      'w8',
      '-x',
      '.*',
      '-o',
      at('none.onnx'),
    ])
    expect([code, err]).toEqual([
      1,
      'error: Nothing was quantized, and nothing was written: preset w8 leaves every operation of this model float\n' +
        'Hint: lowbit inspect --ops tells why for each operation\n',
    ])
    expect(await readdir(folder)).toEqual(before)
  })

  it('leaves nothing in the current folder', async () => {
    const before = await readdir('.')
    expect((await runCommand(['quantize', MNIST_PROGRAM, '-d', data, '-o', at('alone.onnx')])).code).toBe(0)
    expect(await readdir('.')).toEqual(before)
  })

  it.each([
    [
      ['-p', 'w8a8'],
      2,
      'Cannot quantize activations: preset w8a8 needs data to find their ranges, got none\n' +
        'Hint: --calibration names data, --preset w8 quantizes weights only, --random takes random numbers to try things out',
    ],
    [
      ['-p', 'w8', '-b', 'tflite'],
      2,
      'Cannot use the backend "tflite": expected one of onnx, coreai, coreml, got "tflite"',
    ],
    [
      ['-p', 'w8', '-o', 'model.pt2'],
      2,
      'Cannot write "model.pt2": expected the ending ".onnx" for the backend "onnx", got ".pt2"',
    ],
    [['-d', 'absent.npz'], 3, 'Cannot read "absent.npz": expected data, got ENOENT'],
  ])('ends with %j: %i', async (options, expected, message) => {
    const { code, err } = await runCommand(['quantize', MNIST_PROGRAM, '-q', ...options])
    expect([code, err]).toEqual([expected, `error: ${message}\n`])
  })

  it('replaces no file unless asked', async () => {
    const path = at('there.onnx')
    await writeFile(path, 'mine')
    const argv = ['quantize', MNIST_PROGRAM, '-p', 'w8', '-o', path, '-q']
    const { code, err } = await runCommand(argv)
    expect(code).toBe(3)
    expect(err).toContain(`Cannot write "${path}": expected no file of that name, got one`)
    expect(await readFile(path, 'utf8')).toBe('mine')
    expect((await runCommand([...argv, '--force'])).code).toBe(0)
  })

  it('keeps weights to seven bits where asked, and says which presets can', async () => {
    const argv = [
      'quantize',
      MNIST_PROGRAM,
      '-d',
      data,
      '-o',
      at('reduced.onnx'),
      '--json',
      '-q',
      '--no-measure',
    ]
    const report = (await runCommand([...argv, '--reduce-range'])).json()
    expect(report.plan.quantized[0].weight).toBe('int8 reduced symmetric per_channel')
    expect(report.config.content.quantization_config.global_config.op_state_spec.weight.reduce_range).toBe(
      true,
    )
    const { initializer = [] } = decodeModel(await readFile(at('reduced.onnx'))).graph ?? {}
    const codes = initializer.filter(({ dataType, dims }) => dataType === 3 && dims.length > 1)
    const values = codes.flatMap(({ rawData }) => Array.from(new Int8Array(rawData)))
    expect([codes.length, Math.min(...values) >= -64, Math.max(...values)]).toEqual([6, true, 63])
    const refused = await runCommand([
      'quantize',
      MNIST_PROGRAM,
      '-p',
      'w8',
      '-o',
      at('no.onnx'),
      '--reduce-range',
    ])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain(
      'Cannot use --reduce-range with the preset "w8": expected "w8a8" or "w8a8-uint8", got "w8"',
    )
  })

  it('says that blocks of four bits have found nothing to quantize', async () => {
    const argv = [
      'quantize',
      MNIST_PROGRAM,
      '-p',
      'q4',
      '--op-types-to-quantize',
      'conv2d',
      '-o',
      at('conv.onnx'),
    ]
    const { code, err } = await runCommand(argv)
    expect(code).toBe(0)
    expect(err).toContain(
      'warning: w4-block finds no products or tables that its blocks divide: all weights of this model are int8, as --preset w8 makes them\n',
    )
  })

  it('stops on Ctrl-C with nothing half written', async () => {
    const target = at('stopped.onnx')
    const child = startCommand(['quantize', MNIST_PROGRAM, '--random', '4000', '-o', target])
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
      if (String(chunk).includes('reading')) child.kill('SIGINT')
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(130)
    expect(err).toContain('error: Interrupted: nothing is left half written\n')
    expect((await readdir(folder)).filter((name) => name.includes('stopped'))).toEqual([])
  })

  it('ends at the second Ctrl-C, without a word of the native code that was running', async () => {
    const child = startCommand(['quantize', MNIST_PROGRAM, '--random', '4000', '-o', at('stopped.onnx')])
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
      if (!String(chunk).includes('reading')) return
      child.kill('SIGINT')
      setTimeout(() => child.kill('SIGINT'), 20)
    })
    const ended = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
    expect(['SIGINT', 130]).toContain(ended)
    expect(err).not.toMatch(/napi|terminate/i)
    expect((await readdir(folder)).filter((name) => name.includes('stopped'))).toEqual([])
  })
})
