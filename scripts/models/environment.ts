/** The Python environment of the rival, and of the pictures that one of its packages carries. Nothing that lowbit's users run needs Python. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))
const VENV: string = join(ROOT, '.bench', 'models-venv')

/** Folder of what the table is made with: inputs, and the files of all sides; git ignores it. */
export const WORK: string = join(ROOT, '.bench', 'models')

const PACKAGES: readonly string[] = [
  'onnx==1.23.2',
  'onnxruntime==1.32.0',
  'onnx-ir',
  'sympy',
  'numpy<2.5',
  'scikit-image==0.26.0',
]

/** The interpreter that has the packages: what the variable MODELS_PYTHON names, else that of `npm run models -- --setup`; undefined where none is. */
export async function findPython(): Promise<string | undefined> {
  const given = process.env.MODELS_PYTHON
  if (given !== undefined) return given
  const python = venvPython()
  return access(python).then(
    () => python,
    () => undefined,
  )
}

/** Makes the environment, which takes a minute. */
export async function setUpPython(): Promise<void> {
  await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', VENV])
  await run(venvPython(), ['-m', 'pip', 'install', '--quiet', ...PACKAGES])
}

function venvPython(): string {
  return join(VENV, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  if (code === 0) return
  throw new RangeError(`Cannot run "${command} ${args.join(' ')}": expected exit code 0, got ${code}`)
}
