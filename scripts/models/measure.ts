import { execFile } from 'node:child_process'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeSafetensors } from 'lowbit'
import { type AgreementFigures, agreementOf } from './agreement.ts'
import { WORK } from './environment.ts'
import type { ModelData, Outputs, Recipe } from './recipe.ts'
import { runFile } from './run-file.ts'

/** Ways to quantize a model, as `lowbit quantize --preset` knows them. */
export const CONFIGS = ['w8a8', 'w8', 'w4-block'] as const
export type ConfigName = (typeof CONFIGS)[number]

/** Who quantizes. */
export const SIDES = ['lowbit', 'onnxruntime'] as const
export type Side = (typeof SIDES)[number]

/** What is measured of a file. */
export interface FileFigures {
  readonly bytes: number
  /** Share of the task that is done right, 0 to 1. */
  readonly task: number
}

/** What is measured of a quantized file. */
export interface QuantizedFigures extends FileFigures {
  /** What the file means: run without fused operations. */
  readonly plain: AgreementFigures
  /** As the runtime runs it by default on the machine of the table. */
  readonly fused: AgreementFigures
  /** What the quantizing tool said that matters. */
  readonly note?: string
}

const LOWBIT = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const RIVAL = fileURLToPath(new URL('rival.py', import.meta.url))
const run = promisify(execFile)

/** A model that is ready to be quantized and run, with what the float file makes of the test samples. */
export class Workbench {
  readonly recipe: Recipe
  readonly model: string
  readonly #data: ModelData
  readonly #float: readonly Outputs[]
  readonly #folder: string

  private constructor(
    recipe: Recipe,
    model: string,
    data: ModelData,
    float: readonly Outputs[],
    folder: string,
  ) {
    this.recipe = recipe
    this.model = model
    this.#data = data
    this.#float = float
    this.#folder = folder
  }

  /** Finds a model and its data, writes the calibration data where both sides read it, and runs the float model. */
  static async open(recipe: Recipe, python: string | undefined): Promise<Workbench> {
    const model = await recipe.locate(python)
    const data = await recipe.load(python)
    const folder = join(WORK, recipe.name.toLowerCase().replaceAll(' ', '-'))
    await rm(folder, { recursive: true, force: true })
    await mkdir(join(folder, 'calibration'), { recursive: true })
    for (const [i, inputs] of data.calibration.entries()) {
      const name = `${String(i).padStart(3, '0')}.safetensors`
      await writeFile(join(folder, 'calibration', name), writeSafetensors(Object.entries(inputs)))
    }
    return new Workbench(recipe, model, data, await runFile(model, data.test, true), folder)
  }

  /** Folder of the calibration data. */
  get calibration(): string {
    return join(this.#folder, 'calibration')
  }

  /** The float model. */
  async measureFloat(): Promise<FileFigures> {
    return { bytes: (await stat(this.model)).size, task: this.#taskOf(this.#float) }
  }

  /** Quantizes, and compares what was written with the float model. */
  async measure(config: ConfigName, side: Side, python: string | undefined): Promise<QuantizedFigures> {
    const path = join(this.#folder, `${side}.${config}.onnx`)
    const note = side === 'lowbit' ? await this.#ours(config, path) : await this.#theirs(config, path, python)
    const plain = await runFile(path, this.#data.test, false)
    const fused = await runFile(path, this.#data.test, true)
    return {
      bytes: (await stat(path)).size,
      task: this.#taskOf(fused),
      plain: agreementOf(this.#float, plain),
      fused: agreementOf(this.#float, fused),
      ...(note === '' ? {} : { note }),
    }
  }

  async #ours(config: ConfigName, path: string): Promise<string> {
    const data = config === 'w8a8' ? ['--calibration', this.calibration] : []
    const argv = ['quantize', this.model, '-p', config, ...data, '-o', path, '-f', '-q', '--no-measure']
    await run(process.execPath, [LOWBIT, ...argv], { maxBuffer: 2 ** 26 })
    return ''
  }

  async #theirs(config: ConfigName, path: string, python: string | undefined): Promise<string> {
    if (python === undefined)
      throw new RangeError('Cannot run the rival: expected a Python environment, got none')
    const { stdout } = await run(python, ['-B', RIVAL, config, this.model, path, this.calibration], {
      maxBuffer: 2 ** 26,
    })
    const { note } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
    return String(note)
  }

  #taskOf(outputs: readonly Outputs[]): number {
    return this.recipe.task.measure(this.#data.test, outputs, this.#float)
  }
}
