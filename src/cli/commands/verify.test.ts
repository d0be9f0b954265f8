import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'

let folder = ''
let quantized = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-verify-'))
  quantized = join(folder, 'w8.onnx')
  await runCommand(['quantize', MNIST_PROGRAM, '-p', 'w8', '-o', quantized, '-q'])
})
afterAll(() => rm(folder, { recursive: true }))

describe('lowbit verify', () => {
  it('compares a file with the original in Node and in WebAssembly, fused and not', async () => {
    const { code, json } = await runCommand([
      'verify',
      MNIST_PROGRAM,
      quantized,
      '--random',
      '2',
      '--json',
      '-q',
    ])
    const result = json()
    expect([code, result.passed, result.isRandom, result.batches]).toEqual([0, true, true, 2])
    expect(result.runs.map(({ name }: { name: string }) => name)).toEqual([
      'node',
      'node, nothing fused',
      'wasm',
      'wasm, nothing fused',
    ])
    expect(result.worstSqnrDb).toBeGreaterThan(30)
    for (const { outputs } of result.runs) expect(outputs[0].sqnrDb).toBeLessThan(200)
  })

  it('ends with 1 when an output is further away than --min-sqnr', async () => {
    const argv = [
      'verify',
      MNIST_PROGRAM,
      quantized,
      '--random',
      '1',
      '--runtime',
      'node',
      '--min-sqnr',
      '300',
      '-q',
    ]
    const { code, out } = await runCommand(argv)
    expect(code).toBe(1)
    expect(out).toMatch(/^failed: expected 300 dB at least, got \d+\.\d dB$/m)
  })

  it('takes no random numbers unless asked', async () => {
    const { code, err } = await runCommand(['verify', MNIST_PROGRAM, quantized])
    expect([code, err]).toEqual([
      2,
      'error: Cannot compare two models: expected data, got none\n' +
        'Hint: --data names data, --random takes random numbers to try things out\n',
    ])
  })

  it('finds no fault in a model that is compared with itself', async () => {
    const { code, out } = await runCommand(['verify', MNIST_PROGRAM, MNIST_PROGRAM, '--random', '1', '-q'])
    expect(code).toBe(0)
    expect(out).toMatch(/^lowbit +output +equal +0\.00 +0\.00$/m)
  })
})
