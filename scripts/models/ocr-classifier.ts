import { Random, toTypedArray } from 'lowbit'
import sharp from 'sharp'
import { OCR_FILES } from '../../examples/ocr/ocr-files.ts'
import { playLines } from './inputs/play-lines.ts'
import { addNoise, randomLook, renderLine } from './inputs/render-text.ts'
import { threeChannels } from './ocr-recogniser.ts'
import type { Recipe, Sample } from './recipe.ts'

const [HEIGHT, WIDTH] = [48, 192]
const [CALIBRATION, TEST] = [48, 96]
const NOISE = 6

/** The classifier of PP-OCR, which tells whether a line of text stands on its head. */
export const ocrClassifier: Recipe<boolean> = {
  name: 'PP-OCR classifier',
  about: `tells whether a line of text stands on its head. Inputs: lines of a play, rendered in five fonts with noise, half of them turned; ${CALIBRATION} calibrate, ${TEST} others test.`,
  locate: async () => OCR_FILES.classifier,
  async load() {
    const random = new Random(5)
    const lines = (await playLines()).filter((_, i) => i % 13 === 0).slice(0, CALIBRATION + TEST)
    const samples: Sample<boolean>[] = []
    for (const [i, text] of lines.entries()) {
      const { pixels, ...size } = addNoise(await renderLine(text, randomLook(random)), NOISE, random)
      const isTurned = i % 2 === 1
      const { data } = await sharp(pixels, { raw: { ...size, channels: 1 } })
        .rotate(isTurned ? 180 : 0)
        .resize({ width: WIDTH, height: HEIGHT, fit: 'fill', kernel: 'linear' })
        .extractChannel(0)
        .raw()
        .toBuffer({ resolveWithObject: true })
      samples.push({ inputs: { x: threeChannels(data, WIDTH, HEIGHT) }, truth: isTurned })
    }
    return {
      calibration: samples.slice(0, CALIBRATION).map(({ inputs }) => inputs),
      test: samples.slice(CALIBRATION),
    }
  },
  task: {
    name: 'lines told apart',
    measure(samples, outputs) {
      const right = samples.filter(({ truth }, i) => {
        const [scores] = Object.values(outputs[i] ?? {})
        const [upright = 0, turned = 0] = scores === undefined ? [] : Array.from(toTypedArray(scores), Number)
        return turned > upright === truth
      })
      return right.length / samples.length
    },
  },
}
