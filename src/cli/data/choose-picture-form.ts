import { CommandError, ExitCode } from '../exit-code.ts'
import { formatSpec, type InputSpec } from './model-inputs.ts'
import type { PictureForm, PictureSize } from './picture-form.ts'
import type { PictureOptions } from './picture-options.ts'
import { readPreprocessor } from './preprocessor-config.ts'

const LAYOUTS = ['nchw', 'nhwc'] as const
const COLORS = ['rgb', 'bgr', 'gray'] as const
const RESAMPLES = ['nearest', 'linear', 'cubic', 'lanczos3'] as const
const CHANNELS = { rgb: 3, bgr: 3, gray: 1 }

/**
 * How pictures become what an input takes: by the options, else by a preprocessor_config.json, else by the input's shape.
 * @param configPath the preprocessor_config.json; undefined where there is none
 * @throws CommandError for an option or a config that says something impossible, or an input that takes no pictures
 */
export async function pictureForm(
  input: InputSpec,
  options: PictureOptions,
  configPath: string | undefined,
  warn: (message: string) => void,
): Promise<PictureForm> {
  const config = configPath === undefined ? {} : await readPreprocessor(configPath, warn)
  const layout = chosen('--layout', options.layout, LAYOUTS) ?? layoutOf(input)
  const [height, width] = sidesOf(input, layout)
  const channels = input.shape[layout === 'nchw' ? 1 : 3]
  const colors =
    chosen('--colors', options.colors, COLORS) ?? config.colors ?? (channels === 1 ? 'gray' : 'rgb')
  if (typeof channels === 'number' && channels !== CHANNELS[colors])
    throw new CommandError(
      `Cannot make pictures for the input "${input.name}": expected ${channels} channels for ${formatSpec(input)} as ${layout}, got ${CHANNELS[colors]} of "${colors}"`,
      ExitCode.usage,
    )
  const isBytes = input.dtype === 'uint8'
  const fixed = typeof height === 'number' && typeof width === 'number' ? { height, width } : null
  const form: PictureForm = {
    resize: sizeOption(options.resize) ?? config.resize ?? (config.crop || options.crop ? null : fixed),
    divisor: options.sizeDivisor ?? config.divisor ?? 1,
    resample: chosen('--resample', options.resample, RESAMPLES) ?? config.resample ?? 'linear',
    crop: cropOption(options.crop) ?? config.crop ?? null,
    colors,
    layout,
    scale: scaleOption(options.scale) ?? config.scale ?? (isBytes ? 1 : 1 / 255),
    mean: numbersOption('--mean', options.mean, CHANNELS[colors]) ?? config.mean ?? [0],
    std: numbersOption('--std', options.std, CHANNELS[colors]) ?? config.std ?? [1],
  }
  if (form.std.includes(0))
    throw new CommandError('Cannot use "--std": expected numbers other than 0, got 0', ExitCode.usage)
  return form
}

/** Channels are the axis of 1 or 3; in front where both fit. @throws CommandError for an input that takes no pictures */
function layoutOf(input: InputSpec): 'nchw' | 'nhwc' {
  const { shape } = input
  const isChannels = (size: number | string | undefined) => size === 1 || size === 3
  if (shape.length === 4 && (isChannels(shape[1]) || typeof shape[1] === 'string') && !isNhwc(shape))
    return 'nchw'
  if (shape.length === 4 && isChannels(shape[3])) return 'nhwc'
  throw new CommandError(
    `Cannot make pictures for the input "${input.name}": expected one like float32 [n, 3, height, width] or [n, height, width, 3], got ${formatSpec(input)}`,
  )
}

function isNhwc(shape: readonly (number | string)[]): boolean {
  return typeof shape[1] === 'string' && (shape[3] === 1 || shape[3] === 3)
}

function sidesOf({ shape }: InputSpec, layout: 'nchw' | 'nhwc'): (number | string | undefined)[] {
  return layout === 'nchw' ? [shape[2], shape[3]] : [shape[1], shape[2]]
}

function chosen<T extends string>(
  option: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined
  const found = choices.find((choice) => choice === value.toLowerCase())
  if (found !== undefined) return found
  throw wrongOption(option, `one of ${choices.join(', ')}`, value)
}

function sizeOption(text: string | undefined): PictureSize | undefined {
  if (text === undefined) return undefined
  const [, height = '', width] = /^([1-9]\d*|\*)(?:x([1-9]\d*|\*))?$/.exec(text) ?? []
  if (height === '' || (height === '*' && (width ?? '*') === '*'))
    throw wrongOption('--resize', 'a side as 256, or sides as 224x224 or 48x*', text)
  if (width === undefined) return { shortest: Number(height) }
  const side = (part: string) => (part === '*' ? null : Number(part))
  return { height: side(height), width: side(width) }
}

function cropOption(
  text: string | undefined,
): { readonly height: number; readonly width: number } | undefined {
  if (text === undefined) return undefined
  const [, height, width = height] = /^([1-9]\d*)(?:x([1-9]\d*))?$/.exec(text) ?? []
  if (height === undefined) throw wrongOption('--crop', 'a side as 224, or sides as 224x224', text)
  return { height: Number(height), width: Number(width) }
}

function scaleOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, above = '', below = '1'] = /^([\d.e+-]+)(?:\/([\d.e+-]+))?$/.exec(text) ?? []
  const value = above === '' ? Number.NaN : Number(above) / Number(below)
  if (Number.isFinite(value) && value > 0) return value
  throw wrongOption('--scale', 'a number as 0.00392 or 1/255', text)
}

function numbersOption(option: string, text: string | undefined, channels: number): number[] | undefined {
  if (text === undefined) return undefined
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  const isRight = numbers.every(Number.isFinite) && [1, channels].includes(numbers.length)
  if (isRight) return numbers
  throw wrongOption(option, channels === 1 ? 'one number' : `1 or ${channels} numbers parted by commas`, text)
}

function wrongOption(option: string, expected: string, got: string): CommandError {
  return new CommandError(`Cannot use "${option} ${got}": expected ${expected}, got "${got}"`, ExitCode.usage)
}
