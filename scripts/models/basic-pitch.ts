import { fileURLToPath } from 'node:url'
import { fromTypedArray, toTypedArray } from 'lowbit'
import { NOTES_RATE, type Note, randomNotes, synthesize } from './inputs/synthesize-notes.ts'
import type { Recipe, Sample } from './recipe.ts'

const INPUT = 'serving_default_input_2:0'
/** Probability that a key sounds, for each frame and key. */
const OUTPUT = 'StatefulPartitionedCall:1'
const SAMPLES = 43_844
/** Frames a second, keys, and the MIDI number of the first key. */
const [FRAME_RATE, KEYS, FIRST_KEY] = [NOTES_RATE / 256, 88, 21]
const THRESHOLD = 0.3
const [CALIBRATION, TEST] = [8, 12]

/** Basic Pitch, which writes down what is played. */
export const basicPitch: Recipe<readonly Note[]> = {
  name: 'Basic Pitch',
  about:
    'finds the notes in music. Inputs: two seconds of synthesized notes and chords, of three instruments; 8 calibrate, 12 others test.',
  locate: async () => fileURLToPath(new URL('../../data/models/basic-pitch.onnx', import.meta.url)),
  async load() {
    const clips = Array.from({ length: CALIBRATION + TEST }, (_, seed) => clip(seed + 1))
    return {
      calibration: clips.slice(0, CALIBRATION).map(({ inputs }) => inputs),
      test: clips.slice(CALIBRATION),
    }
  },
  task: {
    name: 'notes found (F1 of frames)',
    measure(samples, outputs) {
      let [both, found, played] = [0, 0, 0]
      for (const [i, { truth }] of samples.entries()) {
        const scores = outputs[i]?.[OUTPUT]
        if (scores === undefined) continue
        const values = toTypedArray(scores)
        const [, frames = 0] = scores.shape
        for (let frame = 0; frame < frames; frame++)
          for (let key = 0; key < KEYS; key++) {
            const isFound = Number(values[frame * KEYS + key]) >= THRESHOLD
            const isPlayed = sounds(truth, key + FIRST_KEY, frame / FRAME_RATE)
            found += Number(isFound)
            played += Number(isPlayed)
            both += Number(isFound && isPlayed)
          }
      }
      return (2 * both) / (found + played)
    },
  },
}

function clip(seed: number): Sample<readonly Note[]> {
  const notes = randomNotes(SAMPLES / NOTES_RATE, seed)
  const sound = synthesize(notes, SAMPLES, seed)
  return { inputs: { [INPUT]: fromTypedArray(sound, [1, SAMPLES, 1]) }, truth: notes }
}

function sounds(notes: readonly Note[], key: number, time: number): boolean {
  return notes.some(({ pitch, start, end }) => pitch === key && time >= start && time < end)
}
