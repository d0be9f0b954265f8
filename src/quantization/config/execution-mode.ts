import { notAmong } from '../config-error.ts'
import { defaultLogger, type Logger } from '../logger.ts'
import type { JsonSchema } from '../schema/schema.ts'

/** How a model is quantized: as a captured graph, or while it runs. */
export const ExecutionMode = { GRAPH: 'graph', EAGER: 'eager' } as const
/** One of `ExecutionMode`. */
export type ExecutionMode = (typeof ExecutionMode)[keyof typeof ExecutionMode]

/** Where a finalized model is to run. */
export const ExportBackend = { CoreAI: 'coreai', CoreML: 'coreml', ONNX: 'onnx', _TORCH: '_torch' } as const
/** One of `ExportBackend`. */
export type ExportBackend = (typeof ExportBackend)[keyof typeof ExportBackend]

/** The execution modes, for editors, which propose the names of today only. */
export const executionModeJson: JsonSchema = {
  anyOf: [
    { enum: Object.values(ExecutionMode) },
    { pattern: '^[pP][tT]2[eE]$', deprecated: true, description: 'An old name: write graph' },
  ],
  default: ExecutionMode.GRAPH,
}

/**
 * Reads an execution mode: `graph` or `eager`. `pt2e`, its old name, is graph mode with a warning.
 * @throws ConfigError for anything else
 */
export function readExecutionMode(
  value: unknown,
  path: string = 'execution_mode',
  logger: Logger = defaultLogger,
): ExecutionMode {
  return readWord(value, path, Object.values(ExecutionMode), { pt2e: 'graph' }, logger)
}

/**
 * Reads an export backend by its value, such as `coreml`. `mil` and `mlir`, old names of Core ML and Core AI, give a warning.
 * @throws ConfigError for anything else
 */
export function readExportBackend(
  value: unknown,
  path: string = 'backend',
  logger: Logger = defaultLogger,
): ExportBackend {
  return readWord(value, path, Object.values(ExportBackend), { mil: 'coreml', mlir: 'coreai' }, logger)
}

function readWord<T extends string>(
  value: unknown,
  path: string,
  words: readonly T[],
  oldNames: Readonly<Record<string, T>>,
  logger: Logger,
): T {
  const word = words.find((known) => known === value)
  if (word !== undefined) return word
  const oldName = typeof value === 'string' ? value.toLowerCase() : ''
  const renamed = Object.hasOwn(oldNames, oldName) ? oldNames[oldName] : undefined
  if (renamed !== undefined) {
    logger.warn(`"${path}" is "${String(value)}", an old name: write "${renamed}"`)
    return renamed
  }
  throw notAmong(path, words, value)
}
