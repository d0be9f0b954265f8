import { ConfigError, ExportError, ShapeError, StateError } from 'lowbit'
import type { Divergence } from '../divergence.ts'

type ErrorClass = abstract new (...args: never) => Error

/** Classes that lowbit may throw where the reference throws one. */
const CLASSES: Readonly<Record<string, readonly ErrorClass[]>> = {
  ValidationError: [ConfigError],
  ParserError: [ConfigError],
  KeyError: [ConfigError],
  ValueError: [RangeError],
  IndexError: [RangeError],
  _BlockSizeMismatchError: [ShapeError],
  TypeError: [TypeError],
  RuntimeError: [StateError, ShapeError, ConfigError],
  NotImplementedError: [ExportError, ConfigError],
  CoreMLExportError: [ExportError],
  error: [ConfigError],
  AttributeError: [StateError, TypeError],
}

/** Whether what was thrown is of the class that stands for the recorded one. */
export function compareError(where: string, recorded: unknown, thrown: unknown): Divergence | undefined {
  const type = String(
    typeof recorded === 'object' && recorded !== null && 'type' in recorded ? recorded.type : recorded,
  )
  const classes = CLASSES[type] ?? []
  if (classes.some((known) => thrown instanceof known)) return undefined
  return {
    where,
    expected: `${type}: ${classes.map(({ name }) => name).join(' or ')}`,
    got: thrown === undefined ? 'no error' : String(thrown),
  }
}
