import { linkSync, mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { external, hostileOnnx, model, soundBytes } from '../../../test/hostile-onnx.ts'
import { node, tensor } from '../../../test/onnx-builder.ts'
import { FileError } from '../../codec/file-error.ts'
import { FormatError } from '../../codec/format-error.ts'
import { closeEngine } from '../../engine/engine.ts'
import { getMember } from '../../nn/container.ts'
import { Parameter } from '../../nn/parameter.ts'
import { UnsupportedOpError } from '../unsupported-op-error.ts'
import { loadOnnxModel } from './load-onnx-model.ts'

afterAll(() => closeEngine())

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
const LENGTH = 48
writeFileSync(join(folder, 'data.bin'), new Uint8Array(LENGTH))
writeFileSync(join(folder, 'short.bin'), new Uint8Array(10))
writeFileSync(join(folder, 'holes.bin'), '')
truncateSync(join(folder, 'holes.bin'), 1000)
writeFileSync(join(folder, 'linked.bin'), new Uint8Array(LENGTH))
linkSync(join(folder, 'linked.bin'), join(folder, 'hard.bin'))
symlinkSync(join(folder, 'data.bin'), join(folder, 'soft.bin'))
mkdirSync(join(folder, 'inner'))
writeFileSync(join(folder, 'inner', 'data.bin'), new Uint8Array(LENGTH))
symlinkSync(join(folder, 'inner'), join(folder, 'way'))

const places: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['no location', [['offset', '0']]],
  ['an empty location', [['location', '']]],
  ['a file that is not there', [['location', 'nowhere.bin']]],
  ['a way up', [['location', '../data.bin']]],
  ['a way up in the middle', [['location', 'inner/../data.bin']]],
  ['an absolute path', [['location', '/etc/passwd']]],
  ['a drive', [['location', 'C:/data.bin']]],
  ['a backslash', [['location', '..\\data.bin']]],
  ['NUL', [['location', 'data.bin\0.txt']]],
  ['the folder itself', [['location', '.']]],
  ['a folder', [['location', 'inner']]],
  ['a symbolic link', [['location', 'soft.bin']]],
  ['a way through a symbolic link', [['location', 'way/data.bin']]],
  ['a hard link', [['location', 'hard.bin']]],
  ['a device', [['location', '/dev/zero']]],
  ['a file that is too short', [['location', 'short.bin']]],
  [
    'an offset past the end',
    [
      ['location', 'data.bin'],
      ['offset', '4096'],
    ],
  ],
  [
    'an offset that is no number',
    [
      ['location', 'data.bin'],
      ['offset', '0x10'],
    ],
  ],
  [
    'a negative offset',
    [
      ['location', 'data.bin'],
      ['offset', '-8'],
    ],
  ],
  [
    'a huge offset',
    [
      ['location', 'data.bin'],
      ['offset', '99999999999999999999'],
    ],
  ],
  [
    "a length that is not the tensor's",
    [
      ['location', 'holes.bin'],
      ['length', '1000'],
    ],
  ],
  [
    'a length that is no number',
    [
      ['location', 'data.bin'],
      ['length', 'all'],
    ],
  ],
  [
    'a key twice',
    [
      ['location', 'data.bin'],
      ['location', 'short.bin'],
    ],
  ],
  [
    'an unknown key',
    [
      ['location', 'data.bin'],
      ['url', 'https://example.org'],
    ],
  ],
  [
    'the key __proto__',
    [
      ['location', 'data.bin'],
      ['__proto__', '1'],
    ],
  ],
]

/** Loads, and gives what was thrown and how long it took. */
async function attempt(
  load: () => Promise<unknown>,
): Promise<{ readonly error: unknown; readonly ms: number }> {
  const started = performance.now()
  try {
    await load()
    return { error: undefined, ms: performance.now() - started }
  } catch (error) {
    return { error, ms: performance.now() - started }
  }
}

function expectTyped({ error, ms }: { readonly error: unknown; readonly ms: number }): void {
  const isTyped = [FormatError, FileError, UnsupportedOpError].some((type) => error instanceof type)
  expect(isTyped ? 'typed' : error).toBe('typed')
  expect(ms).toBeLessThan(5000)
}

const quiet = { logger: { warn: () => {} } }

describe('loadOnnxModel()', () => {
  test('takes the sound model that the rows below change', async () => {
    const module = await loadOnnxModel(soundBytes, quiet)
    expect(module.graph.nodes.map(({ op }) => op.name)).toEqual(['aten.linear', 'aten.relu'])
  })

  test.each(hostileOnnx)('refuses %s', async (_, content) => {
    const hostile = typeof content === 'function' ? content() : content
    expectTyped(await attempt(() => loadOnnxModel(hostile, quiet)))
  })

  test.each(places)('refuses external data with %s', async (title, entries) => {
    const path = join(folder, `${title.replace(/\W/g, '_')}.onnx`)
    writeFileSync(path, external(entries))
    expectTyped(await attempt(() => loadOnnxModel(path, quiet)))
  })

  test('reads external data by its place in the file', async () => {
    const content = new Uint8Array(64 + LENGTH)
    new Float32Array(content.buffer, 64).fill(2)
    writeFileSync(join(folder, 'sound.data'), content)
    const path = join(folder, 'sound.onnx')
    writeFileSync(
      path,
      external([
        ['location', 'sound.data'],
        ['offset', '64'],
        ['length', String(LENGTH)],
      ]),
    )
    const module = await loadOnnxModel(path, quiet)
    const weight = getMember(module, 'w.weight')
    expect(weight instanceof Parameter ? await weight.data() : weight).toEqual(new Float32Array(12).fill(2))
  })

  test('reads external data that is given by name', async () => {
    const module = await loadOnnxModel(external([['location', 'data.bin']]), {
      ...quiet,
      externalData: new Map([['data.bin', new Uint8Array(LENGTH)]]),
    })
    expect(module.graph.nodes).toHaveLength(2)
  })

  test('keeps the name __proto__ for what it is', async () => {
    const named = model({
      inputs: [['__proto__', 'float32', [2, 4]]],
      nodes: [node('Relu', ['__proto__'], ['constructor'])],
      outputs: ['constructor'],
      tensors: [tensor('toString', [], [1])],
    })
    const module = await loadOnnxModel(named, quiet)
    expect(module.graph.nodes).toHaveLength(1)
  })
})
