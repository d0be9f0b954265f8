import { readFile } from 'node:fs/promises'

const WAV = new URL('../../../data/speech.wav', import.meta.url)
const LINES = new URL('../../../data/speech.json', import.meta.url)
const HEADER_BYTES = 44

/** Spoken lines with pauses between them. */
export interface Speech {
  /** Numbers from -1 to 1. */
  readonly sound: Float32Array
  /** Numbers a second. */
  readonly rate: number
  /** Where each line is, in seconds. */
  readonly spoken: readonly { readonly start: number; readonly end: number }[]
}

/** Reads data/speech.wav, which scripts/make-speech.ts makes. */
export async function loadSpeech(): Promise<Speech> {
  const bytes = await readFile(WAV)
  const { rate, spoken } = JSON.parse(await readFile(LINES, 'utf8'))
  const sound = Float32Array.from(
    { length: (bytes.length - HEADER_BYTES) >> 1 },
    (_, i) => bytes.readInt16LE(HEADER_BYTES + 2 * i) / 32768,
  )
  return { sound, rate, spoken }
}
