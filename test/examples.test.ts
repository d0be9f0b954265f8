import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LIMIT_MS = 180_000

const examples = readdirSync(`${ROOT}/examples`).filter((name) => /^\d\d-.*\.ts$/.test(name))

describe('examples/', () => {
  it('has examples', () => {
    expect(examples).not.toEqual([])
  })

  // A failing example rejects with its exit code and what it printed.
  it.each(examples)('%s runs to its end', { timeout: LIMIT_MS }, async (name) => {
    const args = ['--import', 'tsx', `examples/${name}`]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      timeout: LIMIT_MS,
      // The examples run against the built package, as a user's code does.
      env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.build.json' },
    })
    expect(stdout).not.toBe('')
  })
})
