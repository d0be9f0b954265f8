import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-bench-'))
  for (const preset of ['w8', 'w4'])
    await runCommand(['quantize', MNIST_PROGRAM, '-p', preset, '-o', join(folder, `${preset}.onnx`), '-q'])
})
afterAll(() => rm(folder, { recursive: true }))

describe('lowbit bench', () => {
  it('times models in turns, and compares them with the first', async () => {
    const paths = [join(folder, 'w8.onnx'), join(folder, 'w4.onnx')]
    const { code, json } = await runCommand([
      'bench',
      ...paths,
      '--random',
      '1',
      '--runs',
      '5',
      '--json',
      '-q',
    ])
    const { timings, runs, isRandom } = json()
    expect([code, runs, isRandom]).toEqual([0, 5, true])
    expect(timings.map(({ path }: { path: string }) => path)).toEqual(paths)
    expect(timings[0].speedup).toBe(1)
    for (const { fastestMs, medianMs, p90Ms } of timings) {
      expect(fastestMs).toBeGreaterThan(0)
      expect(medianMs).toBeGreaterThanOrEqual(fastestMs)
      expect(p90Ms).toBeGreaterThanOrEqual(medianMs)
    }
  })
})
