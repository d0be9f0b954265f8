import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'
import { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'

describe('lowbit inspect', () => {
  it('tells operations, sizes by dtype and what the config would quantize', async () => {
    const { code, out, err } = await runCommand(['inspect', MNIST_PROGRAM])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('  in   input  float32 [2, 1, 28, 28]\n')
    expect(out).toMatch(/^float32 +20 +25378 +102 kB$/m)
    expect(out).toContain('preset w8a8 quantizes 7 operations and 6 weights: 101 kB become about 25.6 kB')
    expect(out).toContain('  stays float: 1 log_softmax: no pattern covers this operation\n')
  })

  it('tells with --json why an operation stays float', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lowbit-inspect-'))
    const path = join(folder, 'blocks.yaml')
    await writeFile(path, QuantizerConfig.w4PerBlock().toYaml())
    const { plan } = (await runCommand(['inspect', MNIST_PROGRAM, '-c', path, '--json'])).json()
    await rm(folder, { recursive: true })
    expect(plan.quantized).toMatchObject([{ name: 'linear_1', weight: 'int4 symmetric per_block' }])
    expect(plan.skipped).toContainEqual({
      name: 'conv2d',
      type: 'conv2d',
      module: 'conv1',
      reason: 'its weight cannot be quantized: blocks of 32 do not divide [8, 1, 5, 5]',
    })
  })

  it('takes eight bits for convolutions where a preset has blocks of four', async () => {
    const { plan } = (await runCommand(['inspect', MNIST_PROGRAM, '-p', 'q4', '--json'])).json()
    const weights = plan.quantized.map(({ name, weight }: Record<string, string>) => `${name} ${weight}`)
    expect(weights).toContain('conv2d int8 symmetric per_channel')
    expect(weights).toContain('linear_1 int4 symmetric per_block')
  })

  it('leaves out what --exclude and --nodes-to-exclude name', async () => {
    const argv = [
      'inspect',
      MNIST_PROGRAM,
      '-p',
      'w8',
      '-x',
      'conv.*',
      '--nodes-to-exclude',
      'dense2',
      '--json',
    ]
    const { plan } = (await runCommand(argv)).json()
    expect(plan.quantized.map(({ name }: { name: string }) => name)).toEqual(['linear'])
  })

  it('warns when the config would quantize nothing', async () => {
    const { err } = await runCommand(['inspect', MNIST_PROGRAM, '-p', 'w8', '-x', '.*'])
    expect(err).toBe('warning: preset w8 would quantize nothing in this model\n')
  })

  it.each([
    [['inspect', 'absent.pt2'], 3, 'Cannot read "absent.pt2": expected a file, got ENOENT'],
    [
      ['inspect', 'model.tflite'],
      3,
      'Cannot open "model.tflite": expected the ending ".onnx" or ".pt2", got ".tflite"',
    ],
    [
      ['inspect', MNIST_PROGRAM, '-p', 'w8', '-c', 'a.yaml'],
      2,
      'Cannot choose a config: expected --config or --preset, got both',
    ],
    [
      ['inspect', MNIST_PROGRAM, '--per-channel', '--per-tensor'],
      2,
      'Cannot choose a granularity: expected --per-channel or --per-tensor, got both',
    ],
    [
      ['inspect', MNIST_PROGRAM, '-c', 'a.yaml', '--range', 'minmax'],
      2,
      'Cannot change a config file by --block-size, --range, --reduce-range, --per-channel or --per-tensor: expected them with --preset, got --config',
    ],
    [
      ['inspect', MNIST_PROGRAM, '-p', 'w8', '--block-size', '16'],
      2,
      'Cannot use --block-size with the preset "w8": expected "w4-block" or "q4f16", got "w8"',
    ],
  ])('ends %j with the code %i', async (argv, expected, message) => {
    const { code, err } = await runCommand(argv)
    expect([code, err]).toEqual([expected, `error: ${message}\n`])
  })

  it('reports an error as JSON, with its hint', async () => {
    const { code, json } = await runCommand(['inspect', MNIST_PROGRAM, '-x', 'absent', '--json'])
    expect([code, json()]).toEqual([
      2,
      {
        error: {
          message:
            'Cannot exclude "absent": expected the name of an operation or module (--exclude), got one that fits nothing',
          hint: 'lowbit inspect --ops lists the names',
          exitCode: 2,
        },
      },
    ])
  })
})
