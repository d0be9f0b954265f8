/**
 * Makes data/speech.wav and data/speech.json: lines of a play, spoken by espeak-ng, with faint noise between them, and where each of them begins and ends.
 * Needs the program espeak-ng.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Random } from 'lowbit'
import { playLines } from './models/inputs/play-lines.ts'

const RATE = 16_000
const VOICES = ['en-gb', 'en-us+f2', 'en-gb-scotland+m3', 'en-us+m4', 'en-gb-x-rp+f4', 'en-us+f3'] as const
const COUNT = 12
/** Levels, out of 1: of the noise, and of speech below which a line has not begun or has ended. */
const [NOISE, SILENT] = [0.002, 0.01]

/** Speech as numbers from -1 to 1, RATE a second, without the silence around it. */
function speak(text: string, voice: string, speed: number): Float32Array {
  const wav = execFileSync('espeak-ng', ['-v', voice, '-s', String(speed), '--stdout', text])
  const rate = wav.readUInt32LE(24)
  const start = wav.indexOf('data') + 8
  const all = Float32Array.from(
    { length: (wav.length - start) >> 1 },
    (_, i) => wav.readInt16LE(start + 2 * i) / 32768,
  )
  const loud = (value: number) => Math.abs(value) > SILENT
  const trimmed = all.subarray(all.findIndex(loud), all.findLastIndex(loud) + 1)
  return resample(trimmed, rate)
}

function resample(sound: Float32Array, rate: number): Float32Array {
  return Float32Array.from({ length: Math.floor((sound.length * RATE) / rate) }, (_, i) => {
    const at = (i * rate) / RATE
    const [before = 0, after = before] = [sound[Math.floor(at)], sound[Math.floor(at) + 1]]
    return before + (after - before) * (at % 1)
  })
}

const random = new Random(11)
const lines = await playLines()
const sounds: Float32Array[] = []
const spoken: { readonly start: number; readonly end: number; readonly text: string }[] = []
let length = 0
const add = (sound: Float32Array) => {
  sounds.push(sound)
  length += sound.length
}
for (let k = 0; k < COUNT; k++) {
  const [pick = 0, pause = 0, speed = 0, level = 0] = random.integers(0, 1000, 4)
  add(new Float32Array(RATE / 4 + pause * 8))
  const text = lines[(k * 97 + pick) % lines.length] ?? ''
  const sound = speak(text, VOICES[k % VOICES.length] ?? VOICES[0], 140 + (speed % 60))
  const start = length
  add(sound.map((value) => value * (0.4 + (level % 60) / 100)))
  spoken.push({ start: start / RATE, end: length / RATE, text })
}
add(new Float32Array(RATE / 2))

const noise = random.normal(length)
const pcm = Buffer.alloc(44 + 2 * length)
pcm.write('RIFF')
pcm.writeUInt32LE(36 + 2 * length, 4)
pcm.write('WAVEfmt ', 8)
pcm.writeUInt32LE(16, 16)
pcm.writeUInt16LE(1, 20)
pcm.writeUInt16LE(1, 22)
pcm.writeUInt32LE(RATE, 24)
pcm.writeUInt32LE(2 * RATE, 28)
pcm.writeUInt16LE(2, 32)
pcm.writeUInt16LE(16, 34)
pcm.write('data', 36)
pcm.writeUInt32LE(2 * length, 40)
let at = 0
for (const sound of sounds)
  for (const value of sound) {
    const level = value + NOISE * (noise[at] ?? 0)
    pcm.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, level))), 44 + 2 * at)
    at++
  }
writeFileSync(new URL('../data/speech.wav', import.meta.url), pcm)
writeFileSync(
  new URL('../data/speech.json', import.meta.url),
  `${JSON.stringify({ rate: RATE, spoken }, null, 1)}\n`,
)
console.log(`${(length / RATE).toFixed(1)} s, ${spoken.length} lines`)
