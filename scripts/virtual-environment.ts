/** Python's virtual environments of what lowbit is compared with. Nothing that lowbit's users run needs Python. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the environments, and of what is made with them; git ignores it. */
export const WORK: string = fileURLToPath(new URL('../.bench', import.meta.url))

/** The interpreter of an environment, which may not be there. */
export function interpreterOf(name: string): string {
  return join(WORK, name, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))
}

/** Whether a file or folder is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Makes an environment where there is none, and brings its packages up to date, which takes minutes. @returns its interpreter */
export async function makeEnvironment(
  name: string,
  packages: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const python = interpreterOf(name)
  if (!(await exists(python))) await run(await findPython(name), ['-m', 'venv', join(WORK, name)])
  await run(python, ['-m', 'pip', 'install', ...options, ...packages])
  return python
}

/** The first interpreter of PYTHON, python3 and python that starts. */
async function findPython(name: string): Promise<string> {
  const candidates = [process.env.PYTHON, 'python3', 'python'].filter((each) => each !== undefined)
  for (const candidate of candidates) {
    const found = await run(candidate, ['--version']).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  throw new Error(
    `Cannot make "${join(WORK, name)}": expected a Python interpreter, got none of ${candidates.join(', ')}\n` +
      'Hint: install Python 3.11 or newer, or name it in the environment variable PYTHON',
  )
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  if (code === 0) return
  throw new Error(`Cannot run "${command} ${args.join(' ')}": expected exit code 0, got ${code}`)
}
