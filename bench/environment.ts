/** The Python environment of the rivals: where it is and what it needs. Nothing else uses Python. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT: string = fileURLToPath(new URL('..', import.meta.url))

/** Folder of the virtual environment; git ignores it. */
export const venvDir: string = join(ROOT, '.bench', 'venv')

/** The environment's interpreter. */
export const venvPython: string = join(
  venvDir,
  ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
)

/** What `npm run bench:setup` installs: the rivals, and what scripts/goldens needs. */
export const packages: readonly string[] = [
  'torch==2.15.0',
  'torchao==0.18.0',
  'coreai-opt==0.3.0',
  // What coreai-opt needs to finalize; it pins a pre-release, which has to be named.
  'coreai-core==1.0.0b3',
  'coreai-torch==0.4.3',
  'numpy',
  'safetensors==0.8.0',
]

/** Whether a file or folder is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
