import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'
import { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'
import { commentedConfig } from '../commented-config.ts'
import { presetConfig } from '../preset-configs.ts'
import { findPreset, PRESETS } from '../preset-names.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('commentedConfig()', () => {
  it.each(PRESETS.map(({ name }) => name))('gives for %s a file that reads as the preset', (name) => {
    const read = QuantizerConfig.fromYaml(commentedConfig(name))
    expect(read?.toDict()).toEqual(presetConfig(name).toDict())
  })

  it('holds every other preset as a comment that can take the place of the one in use', () => {
    const blocks = commentedConfig('w8a8')
      .split(/^# (?=[\w-]+: weights)/m)
      .slice(2)
    expect(blocks).toHaveLength(PRESETS.length - 1)
    for (const block of blocks) {
      const [head = '', ...lines] = block.trimEnd().split('\n')
      const text = ['quantization_config:', ...lines.map((line) => line.replace(/^#/, ''))].join('\n')
      const name = head.slice(0, head.indexOf(':'))
      expect(QuantizerConfig.fromYaml(text)?.toDict()).toEqual(presetConfig(name).toDict())
    }
  })
})

describe('findPreset()', () => {
  it('knows the names of other tools', () => {
    expect(['q8', 'q4', 'q4f16', 'w4a16', 'int8', 'Q4'].map((name) => findPreset(name).name)).toEqual([
      'w8',
      'w4-block',
      'q4f16',
      'w4-block',
      'w8a8',
      'w4-block',
    ])
  })

  it('lists the presets when it knows no such name', () => {
    expect(() => findPreset('w3')).toThrow(
      'Cannot use the preset "w3": expected one of w8a8, w8a8-uint8, w8, w4, w4-block, q4f16, w4a8, fp8, got "w3"\n' +
        'Hint: lowbit quantize --help lists the presets and their other names',
    )
  })
})

describe('lowbit config init', () => {
  it('writes a file that config check accepts, and replaces none', async () => {
    const path = join(folder, 'new.yaml')
    expect((await runCommand(['config', 'init', path, '-p', 'w4-block'])).out).toBe(`wrote ${path}\n`)
    const checked = await runCommand(['config', 'check', path])
    expect([checked.code, checked.out]).toEqual([0, `${path}: ok\n`])
    const before = await readFile(path, 'utf8')
    const again = await runCommand(['config', 'init', path])
    expect([again.code, await readFile(path, 'utf8')]).toEqual([3, before])
    expect(again.err).toContain(`Cannot write "${path}": expected no file of that name, got one`)
    expect((await runCommand(['config', 'init', path, '--force'])).code).toBe(0)
  })
})

describe('lowbit config check', () => {
  it('tells the line of what is wrong, and ends with 1', async () => {
    const path = join(folder, 'wrong.yaml')
    await writeFile(
      path,
      'quantization_config:\n  global_config:\n    op_state_spec:\n      weight: {dtyp: int8}\n',
    )
    const { code, out } = await runCommand(['config', 'check', path])
    expect(code).toBe(1)
    expect(out).toContain(`${path}:4:16: Cannot read "global_config.op_state_spec.weight.dtyp"`)
    expect(out).toContain('did you mean "dtype"?')
    const { files } = (await runCommand(['config', 'check', path, '--json'])).json()
    expect(files).toMatchObject([
      { path, ok: false, line: 4, column: 16, entry: 'global_config.op_state_spec.weight.dtyp' },
    ])
  })

  it('ends with 3 when there is no such file', async () => {
    const { code, err } = await runCommand(['config', 'check', 'absent.yaml'])
    expect([code, err]).toEqual([3, 'error: Cannot read "absent.yaml": expected a config file, got ENOENT\n'])
  })
})

describe('lowbit config explain', () => {
  it('tells which entry won for an operation, and what that gives', async () => {
    const path = join(folder, 'named.yaml')
    const weight = '{dtype: int4, qscheme: symmetric, granularity: {type: per_channel, axis: 0}}'
    await writeFile(
      path,
      `quantization_config:\n  module_name_configs:\n    dense.*:\n      op_state_spec:\n        weight: ${weight}\n    dense2: null\n`,
    )
    const { code, out } = await runCommand(['config', 'explain', MNIST_PROGRAM, '-c', path, '-l', 'dense.'])
    expect(code).toBe(0)
    expect(out).toContain(
      'linear  linear in dense1\n  won by name "dense.*", as linear_act of linear + hardtanh_4\n',
    )
    expect(out).toContain('  dense1.weight: int4 symmetric per_channel(0)\n')
    expect(out).toContain('linear_1  linear in dense2\n  won by name "dense2"\n')
    expect(out).toContain('  dense2.weight: float (declined)\n')
  })

  it('ends with 2 for a layer that is not in the model', async () => {
    const { code, err } = await runCommand(['config', 'explain', MNIST_PROGRAM, '-l', 'absent'])
    expect([code, err]).toEqual([
      2,
      'error: Cannot explain "absent": expected the name of an operation or module, got one that fits nothing\n' +
        'Hint: lowbit inspect --ops lists the names\n',
    ])
  })
})
