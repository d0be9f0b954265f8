/**
 * Makes the pictures of examples/ocr/lines: lines of a play, rendered in five fonts with noise, those in `calibration` to find ranges with, those in `test` to
 * read, and texts.json with what stands on the latter.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Random } from 'lowbit'
import sharp from 'sharp'
import { playLines } from './models/inputs/play-lines.ts'
import { addNoise, type GreyPicture, randomLook, renderLine } from './models/inputs/render-text.ts'

const FOLDER = fileURLToPath(new URL('../examples/ocr/lines/', import.meta.url))
const COUNTS = { calibration: 24, test: 24 } as const
const NOISE = 6
/** All pictures have one size, so that they are run together: narrower lines stand on more paper. */
const [HEIGHT, WIDTH] = [48, 448]

/** A line HEIGHT high, at the left of a picture of WIDTH; a longer one is squeezed. */
async function widened({ width, height, pixels }: GreyPicture, paper: number): Promise<GreyPicture> {
  const own = Math.min(WIDTH, Math.round((width * HEIGHT) / height))
  const line = await sharp(pixels, { raw: { width, height, channels: 1 } })
    .resize({ width: own, height: HEIGHT, fit: 'fill' })
    .extractChannel(0)
    .raw()
    .toBuffer()
  const all = new Uint8Array(WIDTH * HEIGHT).fill(paper)
  for (let y = 0; y < HEIGHT; y++) all.set(line.subarray(y * own, (y + 1) * own), y * WIDTH)
  return { width: WIDTH, height: HEIGHT, pixels: all }
}

const random = new Random(17)
const lines = (await playLines()).filter((line, i) => i % 7 === 5 && line.length < 24)
rmSync(FOLDER, { recursive: true, force: true })
let next = 0
for (const [kind, count] of Object.entries(COUNTS)) {
  mkdirSync(`${FOLDER}${kind}`, { recursive: true })
  const texts: Record<string, string> = {}
  for (let i = 0; i < count; i++) {
    const text = lines[next++] ?? ''
    const look = randomLook(random)
    const { pixels, width, height } = addNoise(
      await widened(await renderLine(text, look), look.paper),
      NOISE,
      random,
    )
    const name = `${String(i).padStart(2, '0')}.png`
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png({ compressionLevel: 9, palette: true, colours: 16 })
      .toFile(`${FOLDER}${kind}/${name}`)
    texts[name] = text
  }
  if (kind === 'test') writeFileSync(`${FOLDER}texts.json`, `${JSON.stringify(texts, null, 1)}\n`)
}
