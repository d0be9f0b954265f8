import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Random } from 'lowbit'
import sharp from 'sharp'

const FONTS = ['DejaVuSans', 'DejaVuSerif', 'DejaVuSansMono', 'DejaVuSans-Bold', 'DejaVuSerif-Bold'] as const
const FOLDER = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf')

/** How a text looks. */
export interface TextLook {
  readonly font: string
  /** Points at 72 points an inch, so pixels of the font's height. */
  readonly size: number
  /** Grey levels of ink and paper. */
  readonly ink: number
  readonly paper: number
}

/** Grey pixels, row by row. */
export interface GreyPicture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** A look that differs from one seed to the next: fonts, sizes, and ink that is darker than the paper or brighter. */
export function randomLook(random: Random): TextLook {
  const [font = 0, size = 0, isDark = 0, ink = 0, paper = 0] = random.integers(0, 1000, 5)
  const [dark, bright] = [ink % 90, 255 - (paper % 70)]
  return {
    font: FONTS[font % FONTS.length] ?? FONTS[0],
    size: 18 + (size % 22),
    ink: isDark % 5 === 0 ? bright : dark,
    paper: isDark % 5 === 0 ? dark : bright,
  }
}

/** A line of text with a margin of a quarter of its height. */
export async function renderLine(text: string, { font, size, ink, paper }: TextLook): Promise<GreyPicture> {
  const { data, info } = await sharp({
    text: {
      text: escapeMarkup(text),
      fontfile: join(FOLDER, `${font}.ttf`),
      font: `${familyOf(font)} ${size}`,
      dpi: 72,
    },
  })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true })
  const margin = Math.round(size / 4)
  const [width, height] = [info.width + 2 * margin, info.height + 2 * margin]
  const pixels = new Uint8Array(width * height).fill(paper)
  for (let y = 0; y < info.height; y++)
    for (let x = 0; x < info.width; x++) {
      const share = (data[y * info.width + x] ?? 0) / 255
      pixels[(y + margin) * width + x + margin] = Math.round(paper + (ink - paper) * share)
    }
  return { width, height, pixels }
}

/** Adds noise with a deviation in grey levels, as cameras do. */
export function addNoise(
  { width, height, pixels }: GreyPicture,
  deviation: number,
  random: Random,
): GreyPicture {
  const noise = random.normal(pixels.length)
  const noisy = pixels.map((level, i) =>
    Math.max(0, Math.min(255, Math.round(level + deviation * (noise[i] ?? 0)))),
  )
  return { width, height, pixels: noisy }
}

/** Pango's name of a font's family: `DejaVu Sans Mono`. */
function familyOf(font: string): string {
  return font
    .replace('DejaVu', 'DejaVu ')
    .replace(/(Sans|Serif)(Mono)?/, '$1 $2')
    .replace('-', ' ')
    .replace(/ +/g, ' ')
    .trim()
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
