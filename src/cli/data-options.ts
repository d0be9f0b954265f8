import type { Command } from 'commander'
import { positiveInteger } from './config-options.ts'

/** Options that say where data comes from. */
export interface DataOptions {
  /** Files or folders with data. */
  readonly data?: readonly string[]
  /** Number of random batches. */
  readonly random?: number | true
  readonly sizes?: string
  readonly batchSize?: number
  readonly samples?: number
}

const DATA_HELP = `
Data: .npy, .npz, .safetensors or .jsonl, a folder of such files, or a module (.mjs, .js, .ts) that exports an async
generator of inputs. Names are those of the model's inputs (lowbit inspect); arrays of no input, such as labels, are left out.`

/**
 * Adds the options that say where data comes from.
 * @param names the option's name with its value, as the command calls it
 */
export function addDataOptions(command: Command, names: string, about: string): Command {
  return command
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
}
