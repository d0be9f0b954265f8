import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSafetensors } from 'lowbit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agreementOf } from '../scripts/models/agreement.ts'
import { basicPitch } from '../scripts/models/basic-pitch.ts'
import type { ModelData, Outputs } from '../scripts/models/recipe.ts'
import { runFile } from '../scripts/models/run-file.ts'
import { silero } from '../scripts/models/silero.ts'
import { runCommand } from './cli/run-command.ts'

/** Test samples that are run: enough to see what breaks. */
const SAMPLES = 6

/** Decibels are one or two below what docs/models.json has, and shares of the size somewhat above it. */
const BOUNDS = [
  { recipe: silero, preset: 'w8a8', leastDb: 12, mostOfSize: 0.65 },
  { recipe: silero, preset: 'w8', leastDb: 28, mostOfSize: 0.65 },
  { recipe: silero, preset: 'w4-block', leastDb: 28, mostOfSize: 0.6 },
  { recipe: basicPitch, preset: 'w8a8', leastDb: 13, mostOfSize: 0.8 },
  { recipe: basicPitch, preset: 'w8', leastDb: 19, mostOfSize: 0.6 },
  { recipe: basicPitch, preset: 'w4-block', leastDb: 19, mostOfSize: 0.6 },
] as const

describe.each([silero, basicPitch])('lowbit quantize on $name', (recipe) => {
  let folder = ''
  let model = ''
  let data: ModelData = { calibration: [], test: [] }
  let float: readonly Outputs[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lowbit-real-'))
    await mkdir(join(folder, 'calibration'))
    model = await recipe.locate(undefined)
    const all: ModelData = await recipe.load(undefined)
    data = { calibration: all.calibration, test: all.test.slice(0, SAMPLES) }
    for (const [i, inputs] of data.calibration.entries())
      await writeFile(
        join(folder, 'calibration', `${i}.safetensors`),
        writeSafetensors(Object.entries(inputs)),
      )
    float = await runFile(model, data.test, true)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each(BOUNDS.filter((bound) => bound.recipe === recipe))(
    'writes $preset that ONNX Runtime loads and that agrees with the float model',
    async ({ preset, leastDb, mostOfSize }) => {
      const path = join(folder, `${preset}.onnx`)
      const calibration = preset === 'w8a8' ? ['-d', join(folder, 'calibration')] : []
      const argv = ['quantize', model, '-p', preset, ...calibration, '-o', path, '--no-measure', '-q']
      const { code, err } = await runCommand(argv)
      expect([code, err]).toEqual([0, ''])
      for (const optimized of [false, true]) {
        const { sqnrDb } = agreementOf(float, await runFile(path, data.test, optimized))
        expect(sqnrDb).toBeGreaterThan(leastDb)
      }
      expect((await stat(path)).size).toBeLessThan(mostOfSize * (await stat(model)).size)
    },
  )
})
