/** The Python environment of the verification: where it is and what it needs. */
import { join } from 'node:path'
import { exists, interpreterOf, makeEnvironment, WORK } from '../virtual-environment.ts'

const ENVIRONMENT = 'verify-venv'

/** Folder of the files that are verified. */
export const outputFolder: string = join(WORK, 'verify')

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
  if (process.env.VERIFY_PYTHON !== undefined) return process.env.VERIFY_PYTHON
  const python = interpreterOf(ENVIRONMENT)
  if (await exists(python)) return python
  console.log(`Making ${ENVIRONMENT}, which takes minutes`)
  return makeEnvironment(ENVIRONMENT, PACKAGES, ['--quiet', '--pre'])
}
