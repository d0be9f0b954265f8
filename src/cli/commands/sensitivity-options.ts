import type { Command } from 'commander'
import type { ChoiceOptions } from '../choose-config.ts'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { addConfigOptions, positiveInteger } from '../config-options.ts'
import { addDataOptions, type DataOptions } from '../data-options.ts'

/** Options of `lowbit sensitivity`. */
export interface SensitivityOptions extends ChoiceOptions, DataOptions {
  /** How many operations the ready-made `--exclude` names. */
  readonly top: number
}

const EXAMPLE = `
Examples:
  $ lowbit sensitivity model.onnx --data inputs.npz
  $ lowbit sensitivity model.onnx --data inputs.npz -p w4-block --top 5 --json`

/** Adds `lowbit sensitivity`. */
export function addSensitivityCommand(program: Command, perform: Perform): void {
  const command = program
    .command('sensitivity')
    .summary('each operation quantized alone, the most damaging first')
    .description(
      'Quantizes each operation alone, compares the outputs with the float model, and names what to leave out.',
    )
    .argument('<model>', 'an .onnx model, or a .pt2 program of torch.export')
    .option('--top <n>', 'operations that the ready-made --exclude names', positiveInteger, 3)
    .addHelpText('after', EXAMPLE)
  addConfigOptions(command)
  addDataOptions(
    command,
    '-d, --data <path>',
    'inputs to calibrate and compare with; may be given several times',
  )
  withOutputOptions(command).action((path: string, options: SensitivityOptions) =>
    perform(command, async (context) => {
      const { sensitivity } = await import('./sensitivity.ts')
      return sensitivity(path, options, context)
    }),
  )
}
