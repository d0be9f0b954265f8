import type { Command } from 'commander'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { addConfigOptions, type ConfigOptions } from '../config-options.ts'

/** Options of `lowbit inspect`. */
export interface InspectOptions extends ConfigOptions {
  /** Every operation, not only the sums. */
  readonly ops?: boolean
}

const EXAMPLE = `
Examples:
  $ lowbit inspect model.onnx
  $ lowbit inspect model.onnx --preset w4-block --ops
  $ lowbit inspect model.onnx --config lowbit.yaml --json | jq .plan.skipped`

/** Adds `lowbit inspect`. */
export function addInspectCommand(program: Command, perform: Perform): void {
  const command = program
    .command('inspect')
    .summary('operations, sizes by dtype, what a config would quantize and why not')
    .description(
      'Tells what is in a model: its operations, its sizes by dtype, and what a config would quantize and why not.',
    )
    .argument('<model>', 'an .onnx model, or a .pt2 program of torch.export')
    .option('--ops', 'list every operation with what quantizes it')
    .addHelpText('after', EXAMPLE)
  addConfigOptions(command)
  withOutputOptions(command).action((path: string, options: InspectOptions) =>
    perform(command, async (context) => {
      const { inspect } = await import('./inspect.ts')
      return inspect(path, options, context)
    }),
  )
}
