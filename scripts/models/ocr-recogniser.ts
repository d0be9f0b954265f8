import { readFile } from 'node:fs/promises'
import { fromTypedArray, type HostArray, Random, toTypedArray } from 'lowbit'
import sharp from 'sharp'
import { OCR_FILES } from '../../examples/ocr/ocr-files.ts'
import { charactersRead, readLines } from '../../examples/ocr/read-characters.ts'
import { playLines } from './inputs/play-lines.ts'
import { addNoise, type GreyPicture, randomLook, renderLine } from './inputs/render-text.ts'
import type { Recipe, Sample } from './recipe.ts'

/** Height that the recogniser takes. */
const HEIGHT = 48
const [CALIBRATION, TEST] = [48, 64]
const NOISE = 6

/** The recogniser of PP-OCRv4, which reads a line of text. */
export const ocrRecogniser: Recipe<string> = {
  name: 'PP-OCRv4 recogniser',
  about: `reads a line of text. Inputs: lines of a play, rendered in five fonts with noise; ${CALIBRATION} calibrate, ${TEST} others test.`,
  locate: async () => OCR_FILES.recogniser,
  async load() {
    const random = new Random(3)
    const lines = (await playLines()).filter((_, i) => i % 17 === 0).slice(0, CALIBRATION + TEST)
    const samples: Sample<string>[] = []
    for (const text of lines) {
      const picture = addNoise(await renderLine(text, randomLook(random)), NOISE, random)
      samples.push({ inputs: { x: await lineInput(picture) }, truth: text })
    }
    return {
      calibration: samples.slice(0, CALIBRATION).map(({ inputs }) => inputs),
      test: samples.slice(CALIBRATION),
    }
  },
  task: {
    name: 'characters read',
    measure(samples, outputs) {
      const read = outputs.flatMap((output) => {
        const [scores] = Object.values(output)
        return scores === undefined
          ? ['']
          : readLines(Float32Array.from(toTypedArray(scores), Number), scores.shape, CHARACTERS)
      })
      return charactersRead(
        samples.map(({ truth }) => truth),
        read,
      )
    },
  },
}

const CHARACTERS: readonly string[] = (await readFile(OCR_FILES.characters, 'utf8')).split(/\r?\n/)

/** A line as the recogniser takes it: HEIGHT high, in three equal channels from -1 to 1. */
async function lineInput({ width, height, pixels }: GreyPicture) {
  const wide = Math.max(HEIGHT, Math.round((width * HEIGHT) / height))
  const { data } = await sharp(pixels, { raw: { width, height, channels: 1 } })
    .resize({ width: wide, height: HEIGHT, fit: 'fill', kernel: 'linear' })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true })
  return threeChannels(data, wide, HEIGHT)
}

/** Grey levels 0 to 255 as three equal channels from -1 to 1: [1, 3, height, width]. */
export function threeChannels(pixels: Uint8Array, width: number, height: number): HostArray {
  const numbers = new Float32Array(3 * width * height)
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < width * height; i++) numbers[c * width * height + i] = (pixels[i] ?? 0) / 127.5 - 1
  return fromTypedArray(numbers, [1, 3, height, width])
}
