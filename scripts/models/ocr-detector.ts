import { fromTypedArray, type HostArray, Random, toTypedArray } from 'lowbit'
import { OCR_FILES } from '../../examples/ocr/ocr-files.ts'
import { playLines } from './inputs/play-lines.ts'
import { addNoise, randomLook, renderLine } from './inputs/render-text.ts'
import type { Recipe, Sample } from './recipe.ts'

const [HEIGHT, WIDTH] = [320, 320]
const [CALIBRATION, TEST] = [16, 24]
const NOISE = 6
/** A pixel is text from this probability on. */
const THRESHOLD = 0.3
/** What pictures are normalized by, for each channel. */
const [MEAN, STD] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
]

/** Where a line stands on a page, in pixels. */
interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The detector of PP-OCRv4, which finds lines of text in a picture. */
export const ocrDetector: Recipe<readonly Box[]> = {
  name: 'PP-OCRv4 detector',
  about: `finds text in a picture. Inputs: pages of ${HEIGHT} x ${WIDTH} pixels with lines of a play anywhere on them, rendered in five fonts with noise; ${CALIBRATION} calibrate, ${TEST} others test.`,
  locate: async () => OCR_FILES.detector,
  async load() {
    const random = new Random(7)
    const lines = await playLines()
    const pages: Sample<readonly Box[]>[] = []
    for (let i = 0; i < CALIBRATION + TEST; i++) pages.push(await page(lines, random))
    return {
      calibration: pages.slice(0, CALIBRATION).map(({ inputs }) => inputs),
      test: pages.slice(CALIBRATION),
    }
  },
  task: {
    name: 'lines found',
    measure(samples, outputs) {
      const found = samples.map(({ truth }, i) => {
        const [map] = Object.values(outputs[i] ?? {})
        return map === undefined ? 0 : truth.filter((box) => isFound(box, map)).length
      })
      return (
        found.reduce((sum, each) => sum + each, 0) / samples.reduce((sum, { truth }) => sum + truth.length, 0)
      )
    },
  },
}

/** A page with lines below one another, each of its own look, on a paper of one level with a slow change of light. */
async function page(lines: readonly string[], random: Random): Promise<Sample<readonly Box[]>> {
  const pixels = new Uint8Array(WIDTH * HEIGHT)
  const [paper = 0, slope = 0] = random.integers(0, 1000, 2)
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = 170 + (paper % 70) - Math.round(((slope % 50) * (i % WIDTH)) / WIDTH)
  const boxes: Box[] = []
  let top = 8
  while (top < HEIGHT - 50) {
    const [pick = 0, shift = 0, gap = 0] = random.integers(0, 1000, 3)
    const text = (lines[(pick * 13) % lines.length] ?? '').slice(0, 18)
    const look = randomLook(random)
    const line = await renderLine(text, { ...look, size: 14 + (look.size % 14) })
    const left = 6 + (shift % 40)
    if (left + line.width < WIDTH - 4 && top + line.height < HEIGHT - 4) {
      for (let y = 0; y < line.height; y++)
        pixels.set(line.pixels.subarray(y * line.width, (y + 1) * line.width), (top + y) * WIDTH + left)
      boxes.push({ left, top, right: left + line.width, bottom: top + line.height })
    }
    top += line.height + 10 + (gap % 30)
  }
  const noisy = addNoise({ width: WIDTH, height: HEIGHT, pixels }, NOISE, random)
  const numbers = new Float32Array(3 * WIDTH * HEIGHT)
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < WIDTH * HEIGHT; i++)
      numbers[c * WIDTH * HEIGHT + i] = ((noisy.pixels[i] ?? 0) / 255 - (MEAN?.[c] ?? 0)) / (STD?.[c] ?? 1)
  return { inputs: { x: fromTypedArray(numbers, [1, 3, HEIGHT, WIDTH]) }, truth: boxes }
}

/**
 * Whether a line is found: text fills at least half of the middle third of its box, where the letters are, and there is none right above and below it, so that
 * it is a line of its own.
 */
function isFound({ left, top, right, bottom }: Box, map: HostArray): boolean {
  const values = toTypedArray(map)
  const share = (from: number, to: number) => {
    let count = 0
    for (let y = from; y < to; y++)
      for (let x = left; x < right; x++) if (Number(values[y * WIDTH + x]) >= THRESHOLD) count++
    return count / ((to - from) * (right - left))
  }
  const third = Math.round((bottom - top) / 3)
  return (
    share(top + third, bottom - third) >= 0.5 && share(top - 4, top) < 0.1 && share(bottom, bottom + 4) < 0.1
  )
}
