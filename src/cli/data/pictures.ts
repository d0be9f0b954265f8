import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { CommandError } from '../exit-code.ts'
import { loadPeer } from './load-peer.ts'
import type { InputSpec } from './model-inputs.ts'
import type { PictureForm } from './picture-form.ts'

/** Shares of red, green and blue in a grey level (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const

/** A picture as an input takes it. */
interface Picture {
  readonly numbers: Float32Array | Uint8Array
  /** Without the axis of samples. */
  readonly shape: readonly number[]
}

/**
 * Pictures as arrays for an input, as many as `batchSize` together where they have the same size.
 * @throws CommandError without the package sharp, and for a file that is no picture or smaller than what is cut out of it
 */
export async function* readPictures(
  paths: readonly string[],
  input: InputSpec,
  form: PictureForm,
  batchSize: number,
): AsyncGenerator<{ readonly origin: string; readonly arrays: Map<string, HostArray> }> {
  const { default: sharp } = await loadPeer('sharp', 'read pictures', () => import('sharp'))
  const makeNumbers = normalizer(form, input.dtype === 'uint8')
  let waiting: { readonly path: string; readonly picture: Picture }[] = []
  const flush = () => {
    const [first] = waiting
    if (first === undefined) return undefined
    const pictures = waiting.map(({ picture }) => picture)
    const origin = pictures.length === 1 ? first.path : `${first.path} to ${waiting.at(-1)?.path}`
    waiting = []
    return { origin, arrays: new Map([[input.name, stacked(pictures)]]) }
  }
  for (const path of paths) {
    const picture = await readPicture(sharp, path, form, makeNumbers)
    const isOther = String(waiting[0]?.picture.shape) !== String(picture.shape)
    if (isOther || waiting.length === batchSize) {
      const batch = flush()
      if (batch !== undefined) yield batch
    }
    waiting.push({ path, picture })
  }
  const last = flush()
  if (last !== undefined) yield last
}

async function readPicture(
  sharp: typeof import('sharp').default,
  path: string,
  form: PictureForm,
  makeNumbers: (pixels: Uint8Array) => Float32Array | Uint8Array,
): Promise<Picture> {
  const { resize, resample, crop, colors, layout } = form
  try {
    const opened = sharp(path, { failOn: 'error' }).autoOrient()
    const { autoOrient: own } = await opened.metadata()
    const size = sizeOf(own, form)
    if (resize !== null || form.divisor !== 1)
      opened.resize({ ...size, fit: 'fill', kernel: resample, fastShrinkOnLoad: false })
    if (crop !== null) opened.extract(middle(size, crop))
    const { data } = await opened
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const { height, width } = crop ?? size
    const channels = colors === 'gray' ? 1 : 3
    const shape = layout === 'nchw' ? [channels, height, width] : [height, width, channels]
    return { numbers: makeNumbers(data), shape }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`Cannot read "${path}": expected a picture, got ${reason}`, undefined, { cause })
  }
}

interface Size {
  readonly width: number
  readonly height: number
}

/** The size of a picture after resizing. */
function sizeOf(own: Size, { resize, divisor }: PictureForm): Size {
  const { height, width } = resize === null ? own : resized(own, resize)
  const rounded = (side: number) => Math.max(divisor, Math.round(side / divisor) * divisor)
  return { height: rounded(height), width: rounded(width) }
}

function resized(own: Size, to: NonNullable<PictureForm['resize']>): Size {
  if ('shortest' in to) {
    const ratio = to.shortest / Math.min(own.height, own.width)
    // As torchvision does: the long side is cut off, not rounded.
    const side = (length: number) => Math.max(to.shortest, Math.floor(length * ratio + 1e-9))
    return { height: side(own.height), width: side(own.width) }
  }
  const follow = (length: number, other: number, side: number) =>
    Math.max(1, Math.round((length * other) / side))
  const height = to.height ?? follow(own.height, to.width ?? own.width, own.width)
  const width = to.width ?? follow(own.width, to.height ?? own.height, own.height)
  return { height, width }
}

function middle(size: Size, crop: Size): Size & { readonly left: number; readonly top: number } {
  if (crop.height > size.height || crop.width > size.width)
    throw new CommandError(
      `Cannot cut ${crop.height}x${crop.width} out of a picture: expected at least that size after resizing, got ${size.height}x${size.width}\n` +
        'Hint: --resize makes it larger first',
    )
  const start = (outer: number, inner: number) => Math.floor((outer - inner) / 2)
  return { ...crop, left: start(size.width, crop.width), top: start(size.height, crop.height) }
}

/** Makes numbers, in the form's layout, from pixels of red, green and blue. */
function normalizer(
  { colors, layout, scale, mean, std }: PictureForm,
  isBytes: boolean,
): (pixels: Uint8Array) => Float32Array | Uint8Array {
  const channels = colors === 'gray' ? 1 : 3
  const tables = Array.from({ length: channels }, (_, c) => {
    const [shift, width] = [mean[c] ?? mean[0] ?? 0, std[c] ?? std[0] ?? 1]
    return Float32Array.from({ length: 256 }, (_, level) => (level * scale - shift) / width)
  })
  const source = colors === 'bgr' ? [2, 1, 0] : [0, 1, 2]
  return (pixels) => {
    const count = pixels.length / 3
    const numbers = isBytes ? new Uint8Array(count * channels) : new Float32Array(count * channels)
    const [step, apart] = layout === 'nchw' ? [1, count] : [channels, 1]
    for (const [c, table] of tables.entries()) {
      const from = source[c] ?? 0
      for (let i = 0, at = c * apart; i < count; i++, at += step) {
        const level = channels === 1 ? luma(pixels, 3 * i) : (pixels[3 * i + from] ?? 0)
        numbers[at] = table[level] ?? 0
      }
    }
    return numbers
  }
}

function luma(pixels: Uint8Array, at: number): number {
  const [red, green, blue] = LUMA
  return Math.round(red * (pixels[at] ?? 0) + green * (pixels[at + 1] ?? 0) + blue * (pixels[at + 2] ?? 0))
}

function stacked(pictures: readonly Picture[]): HostArray {
  const [first] = pictures
  if (first === undefined) throw new RangeError('Cannot stack pictures: expected one at least, got none')
  const size = first.numbers.length
  const all =
    first.numbers instanceof Uint8Array
      ? new Uint8Array(size * pictures.length)
      : new Float32Array(size * pictures.length)
  for (const [i, { numbers }] of pictures.entries()) all.set(numbers, i * size)
  return fromTypedArray(all, [pictures.length, ...first.shape])
}
