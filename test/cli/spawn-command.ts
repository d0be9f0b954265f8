import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LOADERS = ['--import', 'tsx', '--import', './test/setup.ts']

/** Starts `lowbit` from its source in a process of its own. */
export function startCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [...LOADERS, 'src/cli/main.ts', ...argv], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
}

/** Runs `lowbit` from its source in a process of its own. */
export async function spawnCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = startCommand(argv, env)
  const texts = { out: '', err: '' }
  child.stdout?.on('data', (chunk) => {
    texts.out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    texts.err += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...texts }
}
