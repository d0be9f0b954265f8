import type { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { Output } from './output.ts'

/** What a command is given besides its own arguments and options. */
export interface CommandContext {
  readonly output: Output
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** What a command does once its options are read; what is loaded for it is loaded here. */
export type CommandAction = (context: CommandContext) => Promise<ExitCode>

/** Runs a command's action with an output as its options want it, and keeps the exit code. */
export type Perform = (command: Command, action: CommandAction) => Promise<void>

/** Adds the options that every command has. */
export function withOutputOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout instead of text')
    .option('-q, --quiet', 'no progress, no warnings')
    .option('--no-color', 'no colours; without a terminal there are none')
}
