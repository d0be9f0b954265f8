import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ConfigName, FileFigures, QuantizedFigures, Side } from './measure.ts'

/** The float model, and what the page says of it. */
export interface FloatFigures extends FileFigures {
  readonly taskName: string
  readonly about: string
}

interface AllFigures {
  /** The processor of the machine that the fused figures are of. */
  machine: string
  readonly models: Record<
    string,
    { float?: FloatFigures; readonly quantized: Record<string, QuantizedFigures> }
  >
}

const FILE = fileURLToPath(new URL('../../docs/models.json', import.meta.url))

/** What was measured so far, kept in docs/models.json after each measurement, so that measuring can go on where it was left. */
export class ModelFigures {
  readonly #figures: AllFigures = existsSync(FILE)
    ? JSON.parse(readFileSync(FILE, 'utf8'))
    : { machine: '', models: {} }

  get machine(): string {
    return this.#figures.machine
  }

  /** Names of the models of which something is measured. */
  get models(): readonly string[] {
    return Object.keys(this.#figures.models)
  }

  float(model: string): FloatFigures | undefined {
    return this.#figures.models[model]?.float
  }

  quantized(model: string, config: ConfigName, side: Side): QuantizedFigures | undefined {
    return this.#figures.models[model]?.quantized[`${config}/${side}`]
  }

  setFloat(model: string, figures: FloatFigures): void {
    this.#entry(model).float = figures
    this.#write()
  }

  setQuantized(model: string, config: ConfigName, side: Side, figures: QuantizedFigures): void {
    this.#entry(model).quantized[`${config}/${side}`] = figures
    this.#write()
  }

  #entry(model: string) {
    const entry = this.#figures.models[model] ?? { quantized: {} }
    this.#figures.models[model] = entry
    return entry
  }

  #write(): void {
    this.#figures.machine = cpus()[0]?.model.trim() ?? 'unknown'
    writeFileSync(`${FILE}.new`, `${JSON.stringify(this.#figures, null, 1)}\n`)
    renameSync(`${FILE}.new`, FILE)
  }
}
