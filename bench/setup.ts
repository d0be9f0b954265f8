/** `npm run bench:setup`: makes the Python environment of the rivals in .bench/venv, which takes minutes. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { exists, packages, venvDir, venvPython } from './environment.ts'

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  if (code !== 0) {
    throw new Error(`Cannot run "${command} ${args.join(' ')}": expected exit code 0, got ${code}`)
  }
}

/** The first interpreter of PYTHON, python3 and python that starts. */
async function findPython(): Promise<string> {
  const candidates = [process.env.PYTHON, 'python3', 'python'].filter((name) => name !== undefined)
  for (const candidate of candidates) {
    const found = await run(candidate, ['--version']).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  throw new Error(
    `Cannot make "${venvDir}": expected a Python interpreter, got none of ${candidates.join(', ')}\n` +
      'Hint: install Python 3.11 or newer, or name it in the environment variable PYTHON',
  )
}

if (await exists(venvPython)) {
  console.log(`${venvDir} is there: its packages are brought up to date`)
} else {
  await run(await findPython(), ['-m', 'venv', venvDir])
}
await run(venvPython, ['-m', 'pip', 'install', ...packages])
console.log('The rivals are ready: npm run bench')
