/** The Python environment of the verification: where it is and what it needs. Nothing that lowbit's users run needs Python. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))
const VENV: string = join(ROOT, '.bench', 'verify-venv')

/** Folder of the files that are verified; git ignores it. */
export const outputFolder: string = join(ROOT, '.bench', 'verify')

/** The runtimes whose word counts. coreai-torch pins the version of coreai-core; both are pre-releases. */
const PACKAGES: readonly string[] = [
  'torch==2.15.0',
  'onnx==1.23.2',
  'onnxruntime==1.32.0',
  'coremltools==9.0',
  'coreai-core==1.0.0b3',
  'coreai-torch==0.4.3',
  'coreai-opt==0.3.0',
  'torchao==0.18.0',
  'safetensors==0.8.0',
  'numpy<2.5',
]

/**
 * The interpreter of an environment with all packages, which is made on the first call (minutes). The variable VERIFY_PYTHON names another one, which has them
 * already.
 */
export async function verifyPython(): Promise<string> {
  const given = process.env.VERIFY_PYTHON
  if (given !== undefined) return given
  const python = join(VENV, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))
  const isThere = await access(python).then(
    () => true,
    () => false,
  )
  if (isThere) return python
  console.log(`Making ${VENV}, which takes minutes`)
  await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', VENV])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--pre', ...PACKAGES])
  return python
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  if (code === 0) return
  throw new Error(
    `Cannot run "${command} ${args.join(' ')}": expected exit code 0, got ${code}\n` +
      'Hint: VERIFY_PYTHON names an interpreter that has the packages',
  )
}
