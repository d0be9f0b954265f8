import { type Command, InvalidArgumentError, Option } from 'commander'
import { type MaxDrop, readMaxDrop, readSize } from '../auto/budget.ts'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { collect, positiveInteger } from '../config-options.ts'
import { addDataOptions, type DataOptions } from '../data-options.ts'
import { findPreset } from '../preset-names.ts'

/** Presets that are tried unless others are named. */
const USUAL_PRESETS = ['w4-block', 'w4', 'w8a8', 'w8']

/** Options of `lowbit auto`. */
export interface AutoOptions extends DataOptions {
  readonly maxDrop: MaxDrop
  /** Bytes. */
  readonly maxSize?: number
  readonly metric: string
  /** Names of presets. */
  readonly presets: readonly string[]
  /** Other data, which candidates are scored on. */
  readonly evalData?: readonly string[]
  readonly exclude?: readonly string[]
  readonly nodesToExclude?: readonly string[]
  readonly blockSize?: number
  /** Path of the quantized model. */
  readonly output?: string
  /** Path of the config. */
  readonly writeConfig?: string
  /** Folder for report.json and report.html. */
  readonly report?: string
  readonly journal?: string
  readonly resume?: boolean
  readonly force?: boolean
}

const EXAMPLE = `
Examples:
  $ lowbit auto model.onnx --data inputs.npz                               # writes model.auto.yaml
  $ lowbit auto model.onnx --data inputs.npz --max-drop 0.5% -o small.onnx
  $ lowbit auto model.onnx --data inputs.npz --metric top1 --max-size 10MB --max-drop 2%
  $ lowbit auto model.onnx --data inputs.npz --metric accuracy.mjs --resume

A metric of your own is a module with a default export that gets the data and a function that runs the model:
  export default async ({ run, batches }) => {
    const { scores } = await run(batches[0])      // { scores: { data, shape, dtype } }
    return share                                  // a number; more is better
  }`

/** Adds `lowbit auto`. */
export function addAutoCommand(program: Command, perform: Perform): void {
  const command = program
    .command('auto')
    .summary('searches the smallest file that keeps a budget, and writes its config')
    .description(
      'Tries presets from the smallest to the largest, ranges and exclusions, until a file keeps the budget, and writes the config that made it. ' +
        'What was tried stays in a journal until the search is over: --resume goes on after a Ctrl-C, a kill or a crash.',
    )
    .argument('<model>', 'an .onnx model, or a .pt2 program of torch.export')
    .addOption(
      new Option('--max-drop <amount>', 'how much worse the score may be: 1% of the float score, or 0.01')
        .argParser(readMaxDrop)
        .default(readMaxDrop('1%'), '1%'),
    )
    .option('--max-size <size>', 'how large the file may be, such as 10MB', readSize)
    .option('-m, --metric <name>', 'cosine, top1 or a module of your own', 'cosine')
    .addOption(
      new Option('--presets <names>', 'presets to try, parted by commas')
        .argParser(readPresets)
        .default(USUAL_PRESETS, USUAL_PRESETS.join(',')),
    )
    .option('--eval-data <path>', 'data to score with; default: that of --data', collect)
    .option('-x, --exclude <regex...>', 'operations or modules that stay float whatever comes out', collect)
    .option('--nodes-to-exclude <names...>', 'the same, by plain names', collect)
    .option('--block-size <n>', 'elements to a block of weights, for w4-block', positiveInteger)
    .option('-o, --output <file>', 'writes the quantized model, too')
    .option('-w, --write-config <file>', 'the config that is written; default <model>.auto.yaml')
    .option('-r, --report <folder>', 'with --output: writes report.json and report.html there')
    .option('--journal <file>', 'what was tried so far; default <config>.journal')
    .option('--resume', 'go on with the journal of an earlier run')
    .option('-f, --force', 'replace files that are there, an earlier journal too')
    .addHelpText('after', EXAMPLE)
  addDataOptions(
    command,
    '-d, --data <path>',
    'inputs to calibrate and score with; may be given several times',
  )
  withOutputOptions(command).action((path: string, options: AutoOptions) =>
    perform(command, async (context) => {
      const { auto } = await import('./auto.ts')
      return auto(path, options, context)
    }),
  )
}

function readPresets(text: string): readonly string[] {
  try {
    return [...new Set(text.split(',').map((name) => findPreset(name.trim()).name))]
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}
