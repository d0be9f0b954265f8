/**
 * The play that the character transformer learns: Coriolanus, from data/coriolanus.txt.gz (data/README.md has the origin).
 */
import { readFile } from 'node:fs/promises'
import { Random, type Tensor, tensor } from 'lowbit'

/** A text as numbers, one for each character. */
export interface Text {
  /** Every character that occurs, in the order of their codes; a character's number is its place here. */
  readonly characters: readonly string[]
  /** The first nine tenths. */
  readonly train: Int32Array
  /** The rest. */
  readonly test: Int32Array
}

/** Characters [N, length], and the ones that follow each of them, [N, length]. */
export type TextBatch = readonly [characters: Tensor, next: Tensor]

const FILE = new URL('../../data/coriolanus.txt.gz', import.meta.url)
const TRAIN_SHARE = 0.9

/** Reads the play; the last tenth is kept to test on. */
export async function loadText(): Promise<Text> {
  const stream = new Blob([await readFile(FILE)]).stream().pipeThrough(new DecompressionStream('gzip'))
  const text = await new Response(stream).text()
  const characters = [...new Set(text)].sort()
  const numbers = new Map(characters.map((character, i) => [character, i]))
  const all = Int32Array.from(text, (character) => numbers.get(character) ?? -1)
  const end = Math.floor(all.length * TRAIN_SHARE)
  return { characters, train: all.subarray(0, end), test: all.subarray(end) }
}

/** Batches of `size` windows that begin anywhere in the text. */
export function* randomWindows(
  text: Int32Array,
  size: number,
  length: number,
  seed: number,
  count: number,
): Generator<TextBatch> {
  const random = new Random(seed)
  for (let i = 0; i < count; i++) yield windows(text, random.integers(0, text.length - length, size), length)
}

/** Whole batches of `size` windows that follow one another. */
export function* consecutiveWindows(text: Int32Array, size: number, length: number): Generator<TextBatch> {
  const count = Math.floor((text.length - 1) / (size * length))
  for (let i = 0; i < count; i++) {
    const starts = Int32Array.from({ length: size }, (_, j) => (i * size + j) * length)
    yield windows(text, starts, length)
  }
}

function windows(text: Int32Array, starts: Iterable<number>, length: number): TextBatch {
  const all = [...starts]
  const batch = (offset: number) => {
    const values = all.flatMap((start) => [...text.subarray(start + offset, start + offset + length)])
    return tensor(BigInt64Array.from(values, BigInt), { shape: [all.length, length] })
  }
  return [batch(0), batch(1)]
}
