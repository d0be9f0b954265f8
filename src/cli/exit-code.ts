import { FileError } from '../codec/file-error.ts'
import { FormatError } from '../codec/format-error.ts'

/** What a command ends with. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The numbers that `lowbit` ends with, the same for all commands; `lowbit --help` lists them. */
export const ExitCode = {
  /** What was asked for was done. */
  ok: 0,
  /** A check failed: outputs disagree, a config is wrong, nothing was quantized, a budget does not hold. */
  failedCheck: 1,
  /** The command line says something impossible. */
  usage: 2,
  /** A model, a config or data is missing, damaged, or not what the command needs. */
  badInput: 3,
  /** An error that lowbit does not know: a bug. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
} as const

/** An error that says which exit code it stands for. */
export class CommandError extends RangeError {
  override readonly name: string = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = ExitCode.badInput, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Names of errors that tell of what the user brought. */
const INPUT_ERRORS = ['ConfigError', 'ShapeError', 'UnsupportedOpError', 'ExportError', 'StateError']

/** The exit code of what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode
  if (!(error instanceof Error)) return ExitCode.internal
  if (error.name === 'AbortError') return ExitCode.interrupted
  const isKnown = error instanceof FormatError || error instanceof FileError
  // Classes of higher layers by their names, so that `--help` loads none of them.
  if (isKnown || INPUT_ERRORS.includes(error.name)) return ExitCode.badInput
  return /^Cannot /.test(error.message) ? ExitCode.badInput : ExitCode.internal
}
