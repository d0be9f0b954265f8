import { readFile } from 'node:fs/promises'
import { FileError } from '../../codec/file-error.ts'
import { CommandError } from '../exit-code.ts'
import type { PictureForm, PictureSize, Resample } from './picture-form.ts'

/** Kernels by the numbers that Pillow has for them. */
const RESAMPLES: Readonly<Record<number, Resample>> = { 0: 'nearest', 1: 'lanczos3', 2: 'linear', 3: 'cubic' }

/** Steps of other preprocessors that are not followed. */
const UNKNOWN_STEPS = [
  'do_pad',
  'do_thumbnail',
  'do_align_long_axis',
  'do_color_quantize',
  'do_reduce_labels',
]

/**
 * Reads the preprocessor_config.json of a model: sizes, crop, rescaling, mean and deviation, as image processors of the transformers libraries have them.
 * A step that is switched off is what does nothing, so that the input's shape does not stand in for it.
 * @throws FileError for a file that is not there; CommandError for one that is no such config
 */
export async function readPreprocessor(
  path: string,
  warn: (message: string) => void,
): Promise<{ -readonly [K in keyof PictureForm]?: PictureForm[K] }> {
  const config = await readRecord(path)
  const ignored = UNKNOWN_STEPS.filter((step) => config[step] === true)
  if (ignored.length > 0) warn(`"${path}" asks for ${ignored.join(', ')}, which is left out`)
  const field = new Fields(path, config)
  const crop = field.isOn('do_center_crop', false) ? field.sides('crop_size') : null
  const resize = field.isOn('do_resize', config.size !== undefined) ? field.size(crop !== null) : null
  const share = field.number('crop_pct')
  // Models of this kind resize a little larger than they look at, and crop to the size.
  const isShared = share !== undefined && share < 1 && resize !== null && 'shortest' in resize
  const resample = RESAMPLES[field.number('resample') ?? -1]
  const divisor = field.number('size_divisor')
  const isNormalized = field.isOn('do_normalize', config.image_mean !== undefined)
  return {
    resize: isShared ? { shortest: Math.floor(resize.shortest / share) } : resize,
    crop: isShared ? { height: resize.shortest, width: resize.shortest } : crop,
    scale: field.isOn('do_rescale', true) ? (field.number('rescale_factor') ?? 1 / 255) : 1,
    mean: isNormalized ? (field.numbers('image_mean') ?? [0]) : [0],
    std: isNormalized ? (field.numbers('image_std') ?? [1]) : [1],
    ...(resample === undefined ? {} : { resample }),
    ...(divisor === undefined ? {} : { divisor }),
    ...(config.do_flip_channel_order === true ? { colors: 'bgr' } : {}),
  }
}

async function readRecord(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`Cannot read "${path}": expected a preprocessor config, got ${cause.code}`, path, {
      cause,
    })
  })
  const value = parse(path, text)
  if (isRecord(value)) return value
  throw new CommandError(
    `Cannot read "${path}": expected an object with sizes, mean and deviation, got ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`,
  )
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`Cannot read "${path}": expected JSON, got ${reason}`, undefined, { cause })
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads fields of a config, each with the message of what it has to be. */
class Fields {
  readonly #path: string
  readonly #config: Readonly<Record<string, unknown>>

  constructor(path: string, config: Readonly<Record<string, unknown>>) {
    this.#path = path
    this.#config = config
  }

  isOn(key: string, byDefault: boolean): boolean {
    const value = this.#config[key] ?? byDefault
    if (typeof value === 'boolean') return value
    throw this.#wrong(key, 'true or false')
  }

  number(key: string): number | undefined {
    const value = this.#config[key]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number' && value >= 0) return value
    throw this.#wrong(key, 'a number of at least 0')
  }

  numbers(key: string): readonly number[] | undefined {
    const value = this.#config[key]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number') return [value]
    const isRight = Array.isArray(value) && [1, 3].includes(value.length) && value.every(Number.isFinite)
    if (isRight) return value
    throw this.#wrong(key, 'a number, or one for each of 3 channels')
  }

  sides(key: string): { readonly height: number; readonly width: number } | null {
    const value = this.#config[key]
    if (value === undefined || value === null) return null
    if (isSide(value)) return { height: value, width: value }
    if (isRecord(value) && isSide(value.height) && isSide(value.width))
      return { height: value.height, width: value.width }
    throw this.#wrong(key, 'a side, or an object with height and width')
  }

  /** A bare number is the shortest side where something is cropped afterwards, else both sides. */
  size(isCropped: boolean): PictureSize | null {
    const value = this.#config.size
    if (isCropped && isSide(value)) return { shortest: value }
    if (isRecord(value) && isSide(value.shortest_edge)) return { shortest: value.shortest_edge }
    return this.sides('size')
  }

  #wrong(key: string, expected: string): CommandError {
    return new CommandError(
      `Cannot read "${this.#path}": expected ${expected}, got ${JSON.stringify(this.#config[key])} (${key})`,
    )
  }
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
