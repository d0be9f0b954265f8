import { Module, type ModuleClass } from '../../nn/module.ts'
import { unexpected } from '../config-error.ts'
import { didYouMean } from '../nearest-name.ts'
import type { JsonSchema } from '../schema/schema.ts'

/** Where PyTorch has the classes that lowbit has too. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  activation: [
    'CELU',
    'ELU',
    'GELU',
    'Hardsigmoid',
    'Hardswish',
    'Hardtanh',
    'LeakyReLU',
    'LogSigmoid',
    'LogSoftmax',
    'Mish',
    'MultiheadAttention',
    'ReLU',
    'ReLU6',
    'SELU',
    'SiLU',
    'Sigmoid',
    'Softmax',
    'Tanh',
  ],
  batchnorm: ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'],
  container: ['ModuleList', 'Sequential'],
  conv: ['Conv1d', 'Conv2d', 'Conv3d', 'ConvTranspose1d', 'ConvTranspose2d', 'ConvTranspose3d'],
  dropout: ['Dropout'],
  flatten: ['Flatten'],
  linear: ['Identity', 'Linear'],
  normalization: ['GroupNorm', 'LayerNorm', 'RMSNorm'],
  pooling: [
    'AdaptiveAvgPool1d',
    'AdaptiveAvgPool2d',
    'AdaptiveAvgPool3d',
    'AvgPool1d',
    'AvgPool2d',
    'AvgPool3d',
    'MaxPool1d',
    'MaxPool2d',
    'MaxPool3d',
  ],
  rnn: ['GRU', 'LSTM'],
  sparse: ['Embedding'],
}

const FULL_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(PACKAGES).flatMap(([file, names]) =>
    names.map((name) => [name, `torch.nn.modules.${file}.${name}`]),
  ),
)

/** What may name a type of module in a config file, for editors. */
export const moduleTypeNames: JsonSchema = {
  anyOf: [
    { enum: [...FULL_NAMES.keys()] },
    { pattern: '\\.', description: 'Full name of a class, such as torch.nn.modules.conv.Conv2d' },
  ],
}

/** Package of the classes that users write themselves. */
const USERS = '__main__'

/**
 * Full name of a module's class, as configs of the Python library have it: `torch.nn.modules.conv.Conv2d` for Conv2d, `__main__.Block` for a
 * class of one's own.
 */
export function moduleTypeName(type: ModuleClass | string): string {
  const name = typeof type === 'string' ? type : type.name
  return FULL_NAMES.get(name) ?? (name.includes('.') ? name : `${USERS}.${name}`)
}

/**
 * The full name of a type that a config names: a module class, the name of one that lowbit has, or a full name.
 * @throws TypeError for anything but a module class or a string
 * @throws ConfigError for a name without a dot that is no known class
 */
export function readModuleType(type: unknown, path: string = 'module_type_configs'): string {
  if (isModuleClass(type)) return moduleTypeName(type)
  if (typeof type !== 'string')
    throw new TypeError(
      `Cannot read "${path}": expected a module class or its name, got ${describeType(type)}`,
    )
  if (type.includes('.') || FULL_NAMES.has(type)) return moduleTypeName(type)
  const hint =
    didYouMean(type, FULL_NAMES.keys()) ?? 'a class of your own has a full name, such as "__main__.Block"'
  throw unexpected(path, 'a full name with a dot, or a class that lowbit has', type, hint)
}

/**
 * Whether a type that a config names is the type of a module. A class that PyTorch does not have is known by its last name alone, since a file
 * from another program has it in another package.
 * @param configured as `readModuleType` gives it
 * @param actual full name, as `moduleTypeName` gives it
 */
export function isModuleType(configured: string, actual: string): boolean {
  if (configured === actual) return true
  const isUsers = actual.startsWith(`${USERS}.`) && !configured.startsWith('torch.nn.')
  return isUsers && configured.slice(configured.lastIndexOf('.') + 1) === actual.slice(USERS.length + 1)
}

function isModuleClass(type: unknown): type is ModuleClass {
  return typeof type === 'function' && type.prototype instanceof Module
}

function describeType(type: unknown): string {
  if (typeof type === 'function') return `the function ${type.name}`
  return type === null ? 'null' : typeof type
}
