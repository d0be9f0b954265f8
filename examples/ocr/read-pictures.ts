import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { OCR_FILES } from './ocr-files.ts'
import { readLines } from './read-characters.ts'

const HEIGHT = 48

/** What a recogniser made of a picture. */
export interface Reading {
  readonly text: string
  /** Probability of each class at each step. */
  readonly scores: Float32Array
}

/** Reads pictures of single lines with a recogniser in an ONNX file. */
export async function readPictures(path: string, pictures: readonly string[]): Promise<Reading[]> {
  const characters = (await readFile(OCR_FILES.characters, 'utf8')).split(/\r?\n/)
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 })
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
  const readings: Reading[] = []
  for (const picture of pictures) {
    const { [output]: result } = await session.run({ [input]: await inputOf(picture) })
    if (!(result?.data instanceof Float32Array))
      throw new TypeError(
        `Cannot read "${picture}": expected scores as float32, got ${result?.type ?? 'none'}`,
      )
    const [text = ''] = readLines(result.data, result.dims, characters)
    readings.push({ text, scores: result.data })
  }
  await session.release()
  return readings
}

/** A picture HEIGHT high, with levels from -1 to 1: float32 [1, 3, 48, width]. */
async function inputOf(path: string): Promise<Tensor> {
  const { data, info } = await sharp(path)
    .resize({ height: HEIGHT, kernel: 'linear' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const size = info.width * HEIGHT
  const numbers = new Float32Array(3 * size)
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < size; i++) numbers[c * size + i] = (data[3 * i + c] ?? 0) / 127.5 - 1
  return new Tensor('float32', numbers, [1, 3, HEIGHT, info.width])
}

/** Signal to noise of the scores of two recognisers in decibels. */
export function sqnr(float: readonly Reading[], other: readonly Reading[]): number {
  let [signal, noise] = [0, 0]
  for (const [i, { scores }] of float.entries())
    for (const [k, score] of scores.entries()) {
      signal += score * score
      noise += (score - (other[i]?.scores[k] ?? 0)) ** 2
    }
  return 10 * Math.log10(signal / noise)
}
