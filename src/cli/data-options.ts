import type { Command } from 'commander'
import { positiveInteger } from './config-options.ts'
import type { PictureOptions } from './data/picture-options.ts'
import type { TextOptions } from './data/text-options.ts'

/** Options that say where data comes from. */
export interface DataOptions extends PictureOptions, TextOptions {
  /** Files or folders with data. */
  readonly data?: readonly string[]
  /** Number of random batches. */
  readonly random?: number | true
  readonly sizes?: string
  readonly batchSize?: number
  readonly samples?: number
}

const DATA_HELP = `
Data:
  .npy .npz .safetensors .jsonl   arrays under the names of the model's inputs (lowbit inspect); others, such as labels, are left out
  .mjs .js .ts                    a module that exports an async generator of inputs
  .png .jpg .webp ...             pictures (needs: npm install sharp), prepared by preprocessor_config.json or --resize and the like
  .txt                            lines of text (needs: npm install @huggingface/tokenizers), by tokenizer.json
  a folder                        its files, which have to be of one kind
preprocessor_config.json and tokenizer.json are looked for beside the data and the model. Of more than 256 pictures or lines, 256 are
taken, evenly spread, unless --samples says otherwise.`

/**
 * Adds the options that say where data comes from.
 * @param names the option's name with its value, as the command calls it
 */
export function addDataOptions(command: Command, names: string, about: string): Command {
  command
    .option(names, about, (value: string, earlier: readonly string[] = []) => [...earlier, value])
    .option('--random [batches]', 'random numbers instead of data; the report says so', positiveInteger)
    .option('--sizes <name=n,...>', 'sizes that vary, for random numbers: batch=1,sequence=128')
    .option(
      '--batch-size <n>',
      'samples to a batch where the model takes any number; default 8',
      positiveInteger,
    )
    .option('--samples <n>', 'batches to use at most', positiveInteger)
    .addHelpText('after', DATA_HELP)
  addPictureOptions(command)
  return command
    .option('--tokenizer <file>', 'tokenizer.json, for lines of text')
    .option(
      '--max-length <n>',
      'tokens of a line at most; default 512, or what the model takes',
      positiveInteger,
    )
}

function addPictureOptions(command: Command): void {
  command
    .option('--preprocessor <file>', 'preprocessor_config.json, for pictures; the options below win over it')
    .option('--resize <size>', '256 (shortest side), 224x224 (height x width) or 48x* (keeps proportions)')
    .option('--size-divisor <n>', 'rounds both sides to multiples of this', positiveInteger)
    .option('--resample <kernel>', 'nearest, linear, cubic or lanczos3; default linear')
    .option('--crop <size>', 'what is cut out of the middle after that: 224 or 224x224')
    .option('--colors <order>', 'rgb, bgr or gray; default by the channels of the input')
    .option('--layout <order>', 'nchw or nhwc; default by the shape of the input')
    .option('--scale <factor>', 'levels 0 to 255 are multiplied by this; default 1/255, for uint8 inputs 1')
    .option('--mean <numbers>', 'taken away after that: one number, or one a channel, parted by commas')
    .option('--std <numbers>', 'divides after that')
}
