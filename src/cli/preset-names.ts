import { didYouMean } from '../quantization/nearest-name.ts'
import { CommandError, ExitCode } from './exit-code.ts'

/** A ready-made config, as people call it. */
export interface PresetName {
  readonly name: string
  /** Names of the same thing in other tools. */
  readonly aliases: readonly string[]
  readonly about: string
  /** Whether activations are quantized, so that data is needed to find their ranges. */
  readonly needsData: boolean
  /** Whether what stays float is written as float16. Default: false. */
  readonly isHalf?: boolean
}

/** Every preset, the one to begin with first. Nothing is loaded by this list: `preset-configs.ts` makes the configs. */
export const PRESETS: readonly PresetName[] = [
  {
    name: 'w8a8',
    aliases: ['int8', 'static', 'qdq', 's8s8'],
    about:
      'weights int8 per channel, what convolutions and products read int8 per tensor; needs calibration data',
    needsData: true,
  },
  {
    name: 'w8a8-uint8',
    aliases: ['uint8', 'u8s8', 'w8u8'],
    about: 'weights int8 per channel, the same activations as uint8; needs calibration data',
    needsData: true,
  },
  {
    name: 'w8',
    aliases: ['q8', 'w8a16', 'int8-weights'],
    about: 'weights int8 per channel, activations stay float',
    needsData: false,
  },
  {
    name: 'w4',
    aliases: ['int4', 'w4-channel'],
    about: 'weights int4 per channel, activations stay float',
    needsData: false,
  },
  {
    name: 'w4-block',
    aliases: ['q4', 'w4a16', 'int4-block'],
    about:
      'weights int4 in blocks of 32 or the next smaller size that fits (--block-size), those of convolutions int8 per channel; activations stay float',
    needsData: false,
  },
  {
    name: 'q4f16',
    aliases: ['w4f16'],
    about: 'weights as w4-block has them, all else float16 (--float16 beside a config file); ONNX only',
    needsData: false,
    isHalf: true,
  },
  {
    name: 'w4a8',
    aliases: ['int4-int8'],
    about: 'weights int4 per channel, activations int8 per tensor; needs calibration data',
    needsData: true,
  },
  {
    name: 'fp8',
    aliases: ['float8', 'e4m3'],
    about: 'weights float8_e4m3fn per channel, activations float8_e4m3fn per tensor; needs calibration data',
    needsData: true,
  },
]

/** The preset of a name or of another tool's name. @throws CommandError for a name that nobody knows */
export function findPreset(name: string): PresetName {
  const wanted = name.toLowerCase().replaceAll('_', '-')
  const found = PRESETS.find((preset) => preset.name === wanted || preset.aliases.includes(wanted))
  if (found !== undefined) return found
  const names = PRESETS.flatMap((preset) => [preset.name, ...preset.aliases])
  throw new CommandError(
    `Cannot use the preset "${name}": expected one of ${PRESETS.map((preset) => preset.name).join(', ')}, got "${name}"\n` +
      `Hint: ${didYouMean(wanted, names) ?? 'lowbit quantize --help lists the presets and their other names'}`,
    ExitCode.usage,
  )
}
