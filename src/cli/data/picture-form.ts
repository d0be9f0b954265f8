/** The size that a picture is brought to: a side that is null follows the other one, so that proportions are kept. */
export type PictureSize =
  | { readonly height: number | null; readonly width: number | null }
  | { readonly shortest: number }

/** How a picture becomes the numbers that a model takes. */
export interface PictureForm {
  /** Null keeps the picture's own size. */
  readonly resize: PictureSize | null
  /** Sides are rounded to multiples of this. */
  readonly divisor: number
  readonly resample: Resample
  /** What is cut out of the middle after resizing; null keeps all. */
  readonly crop: { readonly height: number; readonly width: number } | null
  readonly colors: 'rgb' | 'bgr' | 'gray'
  /** Whether channels stand before the sides (nchw) or after them. */
  readonly layout: 'nchw' | 'nhwc'
  /** Levels from 0 to 255 are multiplied by this, then `mean` is taken away, and `std` divides the rest. */
  readonly scale: number
  /** One number, or one for each channel in the order of `colors`. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** How levels between pixels are found. */
export type Resample = 'nearest' | 'linear' | 'cubic' | 'lanczos3'

/** What is done to pictures, for a person: `resized to 224x224, rgb, nchw, scale 1/255`. */
export function describeForm({
  resize,
  crop,
  divisor,
  colors,
  layout,
  scale,
  mean,
  std,
}: PictureForm): string {
  const side = (size: number | null) => size ?? '*'
  const size =
    resize === null
      ? 'sizes of their own'
      : 'shortest' in resize
        ? `shortest side resized to ${resize.shortest}`
        : `resized to ${side(resize.height)}x${side(resize.width)}`
  const parts = [
    size,
    ...(divisor === 1 ? [] : [`sides multiples of ${divisor}`]),
    ...(crop === null ? [] : [`cropped to ${crop.height}x${crop.width}`]),
    colors,
    layout,
    `scale ${scale < 1 && Number.isInteger(Math.round(1e6 / scale) / 1e6) ? `1/${Math.round(1 / scale)}` : scale}`,
    `mean ${mean.join(' ')}`,
    `std ${std.join(' ')}`,
  ]
  return parts.join(', ')
}
