import { type Command, InvalidArgumentError } from 'commander'
import { PRESETS } from './preset-names.ts'

/** Options that say how a model is to be quantized. */
export interface ConfigOptions {
  /** Path of a YAML or JSON config. */
  readonly config?: string
  readonly preset?: string
  readonly exclude?: readonly string[]
  readonly blockSize?: number
  /** Scales of channels (true) or of whole weights (false). */
  readonly perChannel?: boolean
  readonly range?: string
  /** Whether weights use half of the range of int8. */
  readonly reduceRange?: boolean
}

const PRESET_HELP = `
Presets, with the names that other tools use:
${PRESETS.map(({ name, aliases, about }) => `  ${name.padEnd(11)} ${about} (${aliases.join(', ')})`).join('\n')}`

/** Adds the options that say how a model is to be quantized, under lowbit's names and those of other tools. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'a config file, YAML or JSON; lowbit config init writes one')
    .option('-p, --preset <name>', 'a ready-made config; default w8a8 where there is data, else w8')
    .option(
      '-x, --exclude <regex...>',
      'operations or modules that stay float: their whole name has to match',
      collect,
    )
    .option('--nodes-to-exclude <names...>', 'the same, by plain names', collect)
    .option(
      '--op-types-to-quantize <types...>',
      'nothing but operations of these types: conv2d, linear, ... or Conv, MatMul, ...',
      collect,
    )
    .option('--block-size <n>', 'elements to a block of weights, for w4-block and q4f16', positiveInteger)
    .option('--per-channel', 'a scale for each channel of a weight')
    .option('--per-tensor', 'one scale for each weight')
    .option('--range <method>', 'ranges of activations: minmax, percentile, histogram_mse or entropy')
    .option(
      '--reduce-range',
      'weights from -64 to 63, for processors without VNNI, whose integer kernels saturate with all of int8',
    )
    .addHelpText('after', PRESET_HELP)
}

/** Reads an option that is a whole number of at least 1. */
export function positiveInteger(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new InvalidArgumentError('expected a whole number of at least 1')
}

/** Values of an option that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}
