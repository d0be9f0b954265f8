/**
 * The handwritten digits that the examples train on: 10,000 grey images of 28x28 pixels, from data/digits.bin.gz
 * (data/README.md has the layout and the origin). No Node module is needed at load time, so this file also runs in a page.
 */
import { Random } from 'lowbit'

/** Images with their labels; image `i` is `images[i * 784]` up to `images[i * 784 + 783]`, row by row. */
export interface DigitSet {
  readonly count: number
  /** [count, 1, 28, 28]; 0 is the background, 1 the darkest ink. */
  readonly images: Float32Array<ArrayBuffer>
  /** [count]; the digit that was meant, 0 to 9. */
  readonly labels: Int32Array<ArrayBuffer>
}

/** A disjoint split of the digits. */
export interface Digits {
  readonly train: DigitSet
  readonly test: DigitSet
}

const PIXELS = 28 * 28
const HEADER_BYTES = 12
const TEST_COUNT = 2000
const SPLIT_SEED = 28
const FILE = new URL('../../data/digits.bin.gz', import.meta.url)

/**
 * Loads the digits and splits them into 8,000 to train on and 2,000 to test on, always the same ones.
 *
 * @param compressed the bytes of digits.bin.gz; where they are not given, the file is read (in Node) or fetched (in a page).
 * @throws RangeError when the bytes are not those of digits.bin.gz
 */
export async function loadDigits(compressed?: Uint8Array<ArrayBuffer>): Promise<Digits> {
  const bytes = await gunzip(compressed ?? (await readBytes(FILE)))
  const count = checkHeader(bytes)
  const order = new Random(SPLIT_SEED).permutation(count)
  return {
    train: select(bytes, count, order.subarray(TEST_COUNT)),
    test: select(bytes, count, order.subarray(0, TEST_COUNT)),
  }
}

async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol !== 'file:') return new Uint8Array(await (await fetch(url)).arrayBuffer())
  const { readFile } = await import('node:fs/promises')
  return readFile(url)
}

async function gunzip(compressed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Gives the number of images. */
function checkHeader(bytes: Uint8Array<ArrayBuffer>): number {
  const header = new DataView(bytes.buffer, bytes.byteOffset, Math.min(HEADER_BYTES, bytes.length))
  if (header.byteLength === HEADER_BYTES) {
    const count = header.getUint32(0, true)
    const pixels = header.getUint32(4, true) * header.getUint32(8, true)
    if (pixels === PIXELS && count > TEST_COUNT && bytes.length === HEADER_BYTES + count * (1 + PIXELS))
      return count
  }
  throw new RangeError(
    `Cannot read "digits.bin.gz": expected a header and images of 28x28 pixels, got ${bytes.length} other bytes`,
  )
}

function select(bytes: Uint8Array, count: number, indices: Int32Array): DigitSet {
  const allLabels = bytes.subarray(HEADER_BYTES, HEADER_BYTES + count)
  const allImages = bytes.subarray(HEADER_BYTES + count)
  const images = new Float32Array(indices.length * PIXELS)
  const labels = new Int32Array(indices.length)
  for (const [position, index] of indices.entries()) {
    const image = allImages.subarray(index * PIXELS, (index + 1) * PIXELS)
    for (const [pixel, level] of image.entries()) images[position * PIXELS + pixel] = level / 255
    labels.set(allLabels.subarray(index, index + 1), position)
  }
  return { count: indices.length, images, labels }
}
