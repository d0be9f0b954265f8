import { readFile } from 'node:fs/promises'
import { FileError } from '../codec/file-error.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import type { ConfigOptions } from './config-options.ts'
import { excludeOps, findExclusions } from './exclusions.ts'
import { CommandError, ExitCode } from './exit-code.ts'
import { fitBlocks } from './four-bit-blocks.ts'
import { BLOCK_SIZE, hasBlocks, presetConfig } from './preset-configs.ts'
import { findPreset } from './preset-names.ts'

/** All options that choose a config, as the command line has them. */
export interface ChoiceOptions extends ConfigOptions {
  readonly nodesToExclude?: readonly string[]
  readonly perTensor?: boolean
  readonly float16?: boolean
  readonly opTypesToQuantize?: readonly string[]
}

/** A config and where it came from. */
export interface ChosenConfig {
  readonly config: QuantizerConfig
  /** `preset w8a8`, or the path of the file. */
  readonly origin: string
  /** Whether what stays float is to be written as float16. */
  readonly isHalf: boolean
  /** Names of the operations that were left out. */
  readonly excluded: readonly string[]
}

/**
 * The config that the options ask for.
 * @param fallback preset where the options name none
 * @throws CommandError for options that contradict each other; ConfigError for a wrong config
 */
export async function chooseConfig(
  model: GraphModule,
  options: ChoiceOptions,
  fallback: string,
): Promise<ChosenConfig> {
  if (options.config !== undefined && options.preset !== undefined)
    throw new CommandError('Cannot choose a config: expected --config or --preset, got both', ExitCode.usage)
  if (options.perChannel && options.perTensor)
    throw new CommandError(
      'Cannot choose a granularity: expected --per-channel or --per-tensor, got both',
      ExitCode.usage,
    )
  const preset = findPreset(options.preset ?? fallback)
  const config =
    options.config === undefined
      ? presetFrom(model, preset.name, options)
      : await configFromFile(options.config, options)
  const excluded = findExclusions(model, config, {
    patterns: options.exclude ?? [],
    names: options.nodesToExclude ?? [],
    types: options.opTypesToQuantize ?? [],
  })
  return {
    config: excludeOps(config, excluded),
    origin: options.config ?? `preset ${preset.name}`,
    isHalf: options.float16 === true || (options.config === undefined && preset.isHalf === true),
    excluded,
  }
}

function presetFrom(model: GraphModule, name: string, options: ChoiceOptions): QuantizerConfig {
  const { blockSize, range, reduceRange } = options
  const config = presetConfig(name, {
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(range === undefined ? {} : { range }),
    ...(reduceRange === undefined ? {} : { reduceRange }),
    ...(options.perChannel || options.perTensor ? { perChannel: options.perChannel === true } : {}),
  })
  return hasBlocks(name) ? fitBlocks(config, model, blockSize ?? BLOCK_SIZE) : config
}

async function configFromFile(
  path: string,
  { blockSize, range, perChannel, perTensor, reduceRange }: ChoiceOptions,
): Promise<QuantizerConfig> {
  if (blockSize !== undefined || range !== undefined || perChannel || perTensor || reduceRange)
    throw new CommandError(
      'Cannot change a config file by --block-size, --range, --reduce-range, --per-channel or --per-tensor: expected them with --preset, got --config',
      ExitCode.usage,
    )
  return readConfigFile(path)
}

/** Reads a config. @throws FileError when there is no such file; ConfigError with line and column; CommandError for an empty one */
export async function readConfigFile(path: string): Promise<QuantizerConfig> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`Cannot read "${path}": expected a config file, got ${cause.code}`, path, { cause })
  })
  const config = QuantizerConfig.fromYaml(text, { logger: { warn: () => undefined } })
  if (config === null) throw new CommandError(`Cannot read "${path}": expected a config, got an empty file`)
  return config
}
