import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'
import { startCommand } from '../../../test/cli/spawn-command.ts'
import { writeSafetensors } from '../../codec/safetensors.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { Random } from '../../tensor/random.ts'

let folder = ''
let data = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-auto-'))
  data = join(folder, 'inputs.safetensors')
  const images = fromTypedArray(new Random(5).normal(8 * 784), [8, 1, 28, 28])
  await writeFile(data, writeSafetensors([['input', images]]))
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
/** A search of several steps: four bits drop 1e-6, eight bits next to nothing, and four bits but for two operations 1.4e-7. */
const search = (name: string) => [
  ...['auto', MNIST_PROGRAM, '-d', data, '--max-drop', '0.0000002', '--presets', 'w4,w8'],
  ...['-w', at(`${name}.yaml`), '-o', at(`${name}.onnx`)],
]

describe('lowbit auto', () => {
  it('writes the config and the model that keep the budget, tells what it tried, and leaves nothing else', async () => {
    const { code, out, json } = await runCommand([...search('plain'), '-q', '--json'])
    const result = json()
    expect([code, out.startsWith('{')]).toEqual([0, true])
    expect(result).toMatchObject({
      found: true,
      metric: 'cosine',
      float: { score: 1 },
      isRandom: false,
      config: at('plain.yaml'),
      output: at('plain.onnx'),
      budget: { maxDrop: { amount: 2e-7, isShare: false }, maxSizeBytes: null },
    })
    expect(result.tried.map(({ name }: { name: string }) => name)).toEqual([
      'w4',
      'w8',
      'w4, 1 operation in 8 bits',
      'w4, 2 operations in 8 bits',
    ])
    expect(result.chosen).toEqual(result.tried[3])
    expect(result.chosen.drop).toBeLessThanOrEqual(2e-7)
    expect((await readdir(folder)).sort()).toEqual(['inputs.safetensors', 'plain.onnx', 'plain.yaml'])
    const again = [
      'quantize',
      MNIST_PROGRAM,
      '-d',
      data,
      '-c',
      at('plain.yaml'),
      '-o',
      at('again.onnx'),
      '-q',
    ]
    expect((await runCommand(again)).code).toBe(0)
    expect(await readFile(at('again.onnx'))).toEqual(await readFile(at('plain.onnx')))
    expect((await readFile(at('again.onnx'))).byteLength).toBe(result.chosen.sizeBytes)
  })

  it('comes to the same when it is killed at any moment and goes on', { timeout: 300_000 }, async () => {
    let kills = 0
    for (let run = 0; ; run++) {
      const child = startCommand([...search('killed'), '-q', '--resume'])
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
      // Later and later, so that there is an end to it, and never at the same place.
      const timer = wait(1000 * 1.4 ** run * (1 + Math.random())).then(() => child.kill('SIGKILL'))
      const code = await ended
      if (code === 0) break
      expect(code).toBe(null)
      kills++
      await timer
      // The journal goes last: without it, what was killed had nothing left to do but end.
      const names = await readdir(folder)
      if (names.includes('killed.yaml') && !names.includes('killed.yaml.journal')) break
    }
    expect(kills).toBeGreaterThan(1)
    for (const ending of ['onnx', 'yaml'])
      expect(await readFile(at(`killed.${ending}`))).toEqual(await readFile(at(`plain.${ending}`)))
    expect((await readdir(folder)).filter((name) => /journal|tmp/.test(name))).toEqual([])
  })

  it('ends with 1 and the best that it found where nothing keeps the budget, and goes on with another', async () => {
    const argv = ['auto', MNIST_PROGRAM, '-d', data, '--presets', 'w8', '-w', at('tight.yaml'), '-q']
    const { code, out } = await runCommand([...argv, '--max-drop', '0', '--max-size', '1kB'])
    expect(code).toBe(1)
    expect(out).toMatch(/^\* {2}w8 +\d+\.\d kB +\d\.\d+ +\d\.\d+e-\d {2}drops too much, too large$/m)
    expect(out).toContain(
      'failed: nothing that was tried keeps the budget (a drop of 0 at most, 1.00 kB at most); the best is w8,',
    )
    expect(await readFile(at('tight.yaml'), 'utf8')).toContain('this does NOT keep it')
    const second = await runCommand([...argv, '--max-drop', '50%', '--resume'])
    expect([second.code, second.err]).toEqual([0, ''])
    expect(second.out).toContain('found: w8, ')
    expect(await readdir(folder)).not.toContain('tight.yaml.journal')
  })

  it('takes a metric of the user, and keeps what the user excludes', async () => {
    const metric = at('metric.mjs')
    await writeFile(metric, 'export default async ({ run, batches }) => { await run(batches[0]); return 7 }')
    const argv = [
      ...search('own').slice(0, 4),
      '-m',
      metric,
      '-x',
      'conv2d.*',
      '-w',
      at('own.yaml'),
      '--json',
      '-q',
    ]
    const { code, json } = await runCommand(argv)
    expect([code, json().chosen.score, json().float.score]).toEqual([0, 7, 7])
    expect(await readFile(at('own.yaml'), 'utf8')).toMatch(/conv2d_1: *(null|\n)/)
  })

  it.each([
    [
      [],
      2,
      'Cannot search: expected data, got none\nHint: --data names data, --random takes random numbers to try things out',
    ],
    [['--random', '1', '-o', 'x.pt2'], 2, 'Cannot write "x.pt2": expected the ending ".onnx", got ".pt2"'],
    [
      ['--random', '1', '-q', '-m', 'f1', '-w', '/nowhere/at/all.yaml'],
      3,
      'Cannot begin "/nowhere/at/all.yaml.journal": expected a file in a folder that can be written to, got ENOENT',
    ],
  ])('ends with %j: %i', async (options, expected, message) => {
    const { code, err } = await runCommand(['auto', MNIST_PROGRAM, '-q', ...options])
    expect([code, err]).toEqual([expected, `error: ${message}\n`])
  })

  it('replaces no config and no journal unless asked', async () => {
    await writeFile(at('mine.yaml'), 'mine')
    const argv = ['auto', MNIST_PROGRAM, '-d', data, '--presets', 'w8', '-w', at('mine.yaml'), '-q']
    expect(await runCommand(argv)).toMatchObject({
      code: 3,
      err: `error: Cannot write "${at('mine.yaml')}": expected no file of that name, got one\nHint: --force replaces a file\n`,
    })
    expect(await readFile(at('mine.yaml'), 'utf8')).toBe('mine')
    expect((await runCommand([...argv, '--force'])).code).toBe(0)
    expect(await readFile(at('mine.yaml'), 'utf8')).toContain('Found by lowbit auto for model.pt2: w8\n')
  })
})
