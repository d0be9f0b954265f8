import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('resume-training.mjs', import.meta.url))

test.each(['graph', 'eager'])(
  'Training in %s mode goes on in another process, amid a schedule, to the bits of a training that was not stopped',
  async (mode) => {
    const folder = mkdtempSync(join(tmpdir(), 'lowbit-resume-'))
    const run = (phase: string) => promisify(execFile)(process.execPath, [SCRIPT, mode, phase, folder])
    const read = (name: string) => readFileSync(join(folder, name))
    await run('start')
    await run('resume')
    const losses: unknown = JSON.parse(read('whole.json').toString())
    expect(losses).toHaveLength(3)
    expect(JSON.parse(read('resumed.json').toString())).toEqual(losses)
    expect(read('resumed.safetensors').equals(read('whole.safetensors'))).toBe(true)
    expect(read('resumed.safetensors').equals(read('model.safetensors'))).toBe(false)
  },
  60_000,
)
