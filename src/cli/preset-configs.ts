import { ModuleQuantizerConfig } from '../quantization/config/module-quantizer-config.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { PerChannel, PerTensor } from '../quantization/spec/granularity.ts'
import { QuantizationSpec, type SpecOptions } from '../quantization/spec/quantization-spec.ts'
import { CommandError, ExitCode } from './exit-code.ts'
import { findPreset, PRESETS } from './preset-names.ts'

/** Elements to a block where nobody says how many. */
export const BLOCK_SIZE = 32

/** What changes a preset. */
export interface PresetChanges {
  /** Elements to a block, for presets with blocks. */
  readonly blockSize?: number
  /** Whether a scale is of a channel of a weight (true) or of the whole weight (false). Default: as the preset has it. */
  readonly perChannel?: boolean
  /** How ranges of activations are found: a key of `range_calculator_cls`. */
  readonly range?: string
  /** Whether weights of int8 use half of their range. Default: false. */
  readonly reduceRange?: boolean
}

/** Presets whose weights are multiplied as int8. */
const REDUCIBLE = ['w8a8', 'w8a8-uint8']

/** The config of a preset. @throws CommandError for an unknown name or a change that the preset cannot follow */
export function presetConfig(name: string, changes: PresetChanges = {}): QuantizerConfig {
  const preset = findPreset(name)
  if (changes.blockSize !== undefined && !hasBlocks(preset.name)) {
    throw new CommandError(
      `Cannot use --block-size with the preset "${preset.name}": expected "w4-block" or "q4f16", got "${name}"`,
      ExitCode.usage,
    )
  }
  if (changes.reduceRange && !REDUCIBLE.includes(preset.name)) {
    throw new CommandError(
      `Cannot use --reduce-range with the preset "${preset.name}": expected ${REDUCIBLE.map((each) => `"${each}"`).join(' or ')}, got "${name}"`,
      ExitCode.usage,
    )
  }
  const config = baseConfig(preset.name, changes)
  return config.setGlobal(withChanges(config.globalConfig, changes))
}

/** Whether a preset has weights in blocks. */
export function hasBlocks(name: string): boolean {
  return name === 'w4-block' || name === 'q4f16'
}

function baseConfig(name: string, { blockSize = BLOCK_SIZE }: PresetChanges): QuantizerConfig {
  switch (name) {
    case 'w8a8':
      return bothConfig({ dtype: 'int8' }, { dtype: 'int8', qscheme: 'asymmetric' })
    case 'w8a8-uint8':
      return bothConfig({ dtype: 'int8' }, { dtype: 'uint8', qscheme: 'asymmetric' })
    case 'w8':
      return QuantizerConfig.w8()
    case 'w4':
      return QuantizerConfig.w4()
    case 'w4-block':
    case 'q4f16':
      return QuantizerConfig.w4PerBlock({ blockSize })
    case 'w4a8':
      return bothConfig({ dtype: 'int4' }, { dtype: 'int8', qscheme: 'asymmetric' })
    case 'fp8':
      return bothConfig({ dtype: 'float8_e4m3fn' }, { dtype: 'float8_e4m3fn' })
    default:
      throw new RangeError(
        `Cannot make the preset "${name}": expected a config for each of ${PRESETS.length} presets, got none (a bug in lowbit)`,
      )
  }
}

/**
 * What is cheap to compute and dear to round: residual sums, gates, and the sums and squares that exporters write for normalizations. On real models it costs
 * 3 to 40 dB to quantize them too; what they make is quantized where a convolution or a product reads it.
 */
const FLOAT_TYPES = [
  ...['add', 'sub', 'mul', 'cat', 'flatten', 'mean'],
  ...['max_pool1d', 'max_pool2d', 'max_pool3d', 'avg_pool1d', 'avg_pool2d', 'avg_pool3d'],
  ...['adaptive_avg_pool1d', 'adaptive_avg_pool2d', 'adaptive_avg_pool3d'],
]

/**
 * Weights per channel, of the axis that each operation knows, and what convolutions and products read, per tensor: ranges that hold all the data that was
 * seen, since calibration sees each sample once.
 */
function bothConfig(weight: SpecOptions, activation: SpecOptions): QuantizerConfig {
  const activations = new QuantizationSpec({ ...activation, qparamCalculator: 'global_minmax' })
  return new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({
      opInputSpec: { '*': activations },
      opOutputSpec: {},
      opStateSpec: { weight: new QuantizationSpec({ ...weight, granularity: new PerChannel() }) },
      opTypeConfig: Object.fromEntries(FLOAT_TYPES.map((type) => [type, null])),
    }),
  })
}

function withChanges(
  config: ModuleQuantizerConfig,
  { perChannel, range, reduceRange = false }: PresetChanges,
): ModuleQuantizerConfig {
  const changed = (specs: ReadonlyMap<string | number, QuantizationSpec | null>, changes: SpecOptions) =>
    new Map([...specs].map(([key, spec]) => [key, spec?.with(changes) ?? null]))
  // A calculator that counts values keeps all batches itself.
  const ofRange: SpecOptions =
    range === undefined
      ? {}
      : { rangeCalculator: range, ...(range === 'minmax' ? {} : { qparamCalculator: 'default' }) }
  const ofWeight: SpecOptions = {
    ...(reduceRange ? { reduceRange } : {}),
    ...(perChannel === undefined ? {} : { granularity: perChannel ? new PerChannel(null) : new PerTensor() }),
  }
  return config.with({
    opInputSpec: changed(config.opInputSpec, ofRange),
    opOutputSpec: changed(config.opOutputSpec, ofRange),
    opStateSpec: changed(config.opStateSpec, ofWeight),
  })
}
