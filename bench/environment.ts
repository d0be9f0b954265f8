/** The Python environment of the rivals, and what it needs. */
import { interpreterOf } from '../scripts/virtual-environment.ts'

/** Name of the environment. */
export const ENVIRONMENT = 'venv'

/** The environment's interpreter. */
export const venvPython: string = interpreterOf(ENVIRONMENT)

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
