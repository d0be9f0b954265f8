import { Random } from 'lowbit'

/** Samples a second that Basic Pitch takes. */
export const NOTES_RATE = 22_050

/** A note that is played. */
export interface Note {
  /** MIDI number: 69 is 440 Hz. */
  readonly pitch: number
  /** Seconds. */
  readonly start: number
  readonly end: number
}

/** Overtones of three instruments, as shares of the first. */
const TIMBRES = [
  [1, 0.6, 0.4, 0.25, 0.15, 0.1],
  [1, 0.2, 0.6, 0.1, 0.3, 0.05, 0.15],
  [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2],
] as const

/** Half tones of a pentatonic scale. */
const SCALE = [0, 2, 4, 7, 9]

/** Notes and chords of a pentatonic scale that fill some seconds, the same for the same seed. */
export function randomNotes(seconds: number, seed: number): Note[] {
  const random = new Random(seed)
  const notes: Note[] = []
  let time = 0.05
  while (time < seconds - 0.3) {
    const [count = 0, length = 0, gap = 0] = random.integers(0, 1000, 3)
    const end = Math.min(seconds - 0.05, time + 0.2 + (length % 60) / 100)
    const pitches = new Set(
      Array.from(
        random.integers(0, 20, 1 + (count % 3)),
        (step) => 48 + 12 * Math.floor(step / 5) + (SCALE[step % 5] ?? 0),
      ),
    )
    for (const pitch of pitches) notes.push({ pitch, start: time, end })
    time = end + (gap % 12) / 100
  }
  return notes
}

/** The sound of notes, `NOTES_RATE` samples a second, each with a soft attack and a decay, over faint noise. */
export function synthesize(notes: readonly Note[], samples: number, seed: number): Float32Array {
  const random = new Random(seed)
  const timbre: readonly number[] = TIMBRES[seed % TIMBRES.length] ?? TIMBRES[0]
  const sound = random.normal(samples).map((value) => value * 0.002)
  for (const { pitch, start, end } of notes) {
    const frequency = 440 * 2 ** ((pitch - 69) / 12)
    const [first, last] = [Math.round(start * NOTES_RATE), Math.min(samples, Math.round(end * NOTES_RATE))]
    for (let i = first; i < last; i++) {
      const time = (i - first) / NOTES_RATE
      const left = (last - i) / NOTES_RATE
      const envelope = Math.min(1, time / 0.01, left / 0.03) * Math.exp(-2 * time)
      let value = 0
      for (const [k, share] of timbre.entries())
        if (frequency * (k + 1) < NOTES_RATE / 2)
          value += share * Math.sin(2 * Math.PI * frequency * (k + 1) * time)
      sound[i] = (sound[i] ?? 0) + 0.15 * envelope * value
    }
  }
  return sound
}
