import { fileURLToPath } from 'node:url'
import { fromTypedArray, toTypedArray } from 'lowbit'
import { loadSpeech, type Speech } from './inputs/speech.ts'
import type { Recipe, Sample } from './recipe.ts'

/** New numbers of a frame, those before them that it also sees, and frames that are looked at together. */
const [FRAME, CONTEXT, SEQUENCE] = [512, 64, 32]
/** Values of the state that goes from frame to frame. */
const STATE = 128
/** A frame is speech from this probability on. */
const THRESHOLD = 0.5

/** Silero VAD, which tells speech from other sound. */
export const silero: Recipe<readonly boolean[]> = {
  name: 'Silero VAD',
  about:
    'finds speech. Inputs: lines of a play, spoken by six voices of espeak-ng with pauses between them, a second at a time; every other second calibrates, the others test.',
  locate: async () => fileURLToPath(new URL('../../data/models/silero-vad.onnx', import.meta.url)),
  async load() {
    const samples = sequences(await loadSpeech())
    return {
      calibration: samples.filter((_, i) => i % 2 === 0).map(({ inputs }) => inputs),
      test: samples.filter((_, i) => i % 2 === 1),
    }
  },
  task: {
    name: 'frames told apart',
    measure(samples, outputs) {
      const right = samples.map(({ truth }, i) => {
        const probabilities = outputs[i]?.speech_probs
        const values = probabilities === undefined ? [] : toTypedArray(probabilities)
        return truth.filter((isSpeech, frame) => Number(values[frame]) >= THRESHOLD === isSpeech).length
      })
      const count = samples.reduce((sum, { truth }) => sum + truth.length, 0)
      return right.reduce((sum, each) => sum + each, 0) / count
    },
  },
}

/** Sequences of frames, each from a fresh state, with whether each frame is mostly speech. */
function sequences({ sound, rate, spoken }: Speech): Sample<readonly boolean[]>[] {
  const frames = Math.floor(sound.length / FRAME)
  return Array.from({ length: Math.floor(frames / SEQUENCE) }, (_, k) => {
    const input = new Float32Array(SEQUENCE * (CONTEXT + FRAME))
    const truth = Array.from({ length: SEQUENCE }, (_, i) => {
      const at = (k * SEQUENCE + i) * FRAME
      const before = sound.subarray(Math.max(0, at - CONTEXT), at)
      const start = i * (CONTEXT + FRAME)
      input.set(before, start + CONTEXT - before.length)
      input.set(sound.subarray(at, at + FRAME), start + CONTEXT)
      const middle = (at + FRAME / 2) / rate
      return spoken.some((line) => middle >= line.start && middle < line.end)
    })
    const state = () => fromTypedArray(new Float32Array(STATE), [1, 1, STATE])
    const inputs = { input: fromTypedArray(input, [SEQUENCE, CONTEXT + FRAME]), h: state(), c: state() }
    return { inputs, truth }
  })
}
