import { Command, CommanderError } from 'commander'
import { version } from '../formats/version.ts'
import type { CommandAction, CommandContext, Perform } from './command-context.ts'
import { addAutoCommand } from './commands/auto-options.ts'
import { addBenchCommand } from './commands/bench-options.ts'
import { addConfigCommand } from './commands/config-options.ts'
import { addInspectCommand } from './commands/inspect-options.ts'
import { addQuantizeCommand } from './commands/quantize-options.ts'
import { addSensitivityCommand } from './commands/sensitivity-options.ts'
import { addVerifyCommand } from './commands/verify-options.ts'
import { ExitCode, exitCodeOf } from './exit-code.ts'
import { Output, type OutputOptions } from './output.ts'
import type { Terminal } from './terminal.ts'

const EXIT_CODES = `
Exit codes:
  0    done
  1    a check failed: outputs disagree, a config is wrong, nothing was quantized, a budget does not hold
  2    the command line says something impossible
  3    a model, a config or data is missing, damaged, or not what the command needs
  70   a bug in lowbit
  130  interrupted; nothing is left half written

Examples:
  $ lowbit inspect model.onnx
  $ lowbit quantize model.onnx --preset w8
  $ lowbit quantize model.onnx --preset w8a8 --calibration images/
  $ lowbit auto model.onnx --data inputs.npz --max-drop 1%`

/**
 * Runs a command line.
 * @param argv what follows the name of the program
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok
  const perform: Perform = async (command, action) => {
    const output = new Output(terminal, command.optsWithGlobals<OutputOptions>())
    exitCode = await runAction(action, { output, signal: terminal.signal })
  }
  const program = buildProgram(terminal, perform)
  try {
    await program.parseAsync(argv.map(withHyphens), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  }
  return exitCode
}

/** Other tools write options with underscores: `--per_channel`. */
function withHyphens(word: string): string {
  return word.replace(/^--[a-z]+(?:_[a-z]+)+(?==|$)/, (option) => option.replaceAll('_', '-'))
}

async function runAction(action: CommandAction, context: CommandContext): Promise<ExitCode> {
  try {
    return await action(context)
  } catch (error) {
    const exitCode = context.signal.aborted ? ExitCode.interrupted : exitCodeOf(error)
    context.output.error(messageOf(error, exitCode), exitCode)
    return exitCode
  }
}

function messageOf(error: unknown, exitCode: ExitCode): string {
  if (exitCode === ExitCode.interrupted) return 'Interrupted: nothing is left half written'
  if (!(error instanceof Error)) return String(error)
  // What nobody foresaw is told with where it happened.
  if (exitCode === ExitCode.internal) return error.stack ?? error.message
  // An option of the library's is told as the commands have it.
  return error.message.replace('{ overwrite: true }', '--force')
}

function buildProgram({ out, err }: Terminal, perform: Perform): Command {
  const program = new Command('lowbit')
    .description(
      'Makes neural networks small and fast: quantizes ONNX models and PyTorch programs, and tells how far that is from the original.',
    )
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
      getOutHasColors: () => out.hasColors,
      getErrHasColors: () => err.hasColors,
    })
    .exitOverride()
    .helpCommand(true)
    .addHelpText('after', EXIT_CODES)
    .version(version, '-V, --version', 'the version of lowbit')
    .showHelpAfterError('(--help tells more)')
  addInspectCommand(program, perform)
  addQuantizeCommand(program, perform)
  addVerifyCommand(program, perform)
  addSensitivityCommand(program, perform)
  addAutoCommand(program, perform)
  addBenchCommand(program, perform)
  addConfigCommand(program, perform)
  return program
}
