import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ConfigName, Mode } from './config-names.ts'
import type { TaskName } from './task.ts'

/** The model without quantization. */
export interface FloatFigures {
  readonly float: number
  /** After as much fine-tuning as the quantized models get. */
  readonly longer: number
}

/** A quantized model. */
export interface QuantizedFigures {
  /** Calibrated only. */
  readonly ptq: number
  /** Fine-tuned after that. */
  readonly qat: number
}

/** The same training as the reference's. */
export interface ParityFigures {
  readonly accuracy: number
}

type AnyFigures = FloatFigures | QuantizedFigures | ParityFigures

const FILE = fileURLToPath(new URL('../../docs/accuracy.json', import.meta.url))

/** What was measured so far, kept in docs/accuracy.json after each measurement, so that a study can go on where it was left. */
export class Figures {
  #figures: Record<string, AnyFigures> = read()

  /** Figures of the model without quantization, if it was measured. */
  float(task: TaskName, seed: number): FloatFigures | undefined {
    const found = this.#figures[floatKey(task, seed)]
    return found !== undefined && 'float' in found ? found : undefined
  }

  /** Figures of a quantized model, if it was measured. */
  quantized(task: TaskName, config: ConfigName, mode: Mode, seed: number): QuantizedFigures | undefined {
    const found = this.#figures[quantizedKey(task, config, mode, seed)]
    return found !== undefined && 'ptq' in found ? found : undefined
  }

  /** Figures of a training that the reference went through as well, if it was measured. */
  parity(mode: Mode, seed: number): ParityFigures | undefined {
    const found = this.#figures[`parity/${mode}/${seed}`]
    return found !== undefined && 'accuracy' in found ? found : undefined
  }

  setFloat(task: TaskName, seed: number, figures: FloatFigures): void {
    this.#set(floatKey(task, seed), figures)
  }

  setQuantized(
    task: TaskName,
    config: ConfigName,
    mode: Mode,
    seed: number,
    figures: QuantizedFigures,
  ): void {
    this.#set(quantizedKey(task, config, mode, seed), figures)
  }

  setParity(mode: Mode, seed: number, figures: ParityFigures): void {
    this.#set(`parity/${mode}/${seed}`, figures)
  }

  #set(key: string, figures: AnyFigures): void {
    // Another study may have written since.
    this.#figures = { ...read(), [key]: figures }
    const sorted = Object.fromEntries(Object.entries(this.#figures).sort(([a], [b]) => (a < b ? -1 : 1)))
    const lines = Object.entries(sorted).map(
      ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    )
    writeFileSync(`${FILE}.part`, `{\n${lines.join(',\n')}\n}\n`)
    renameSync(`${FILE}.part`, FILE)
  }
}

function read(): Record<string, AnyFigures> {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
}

function floatKey(task: TaskName, seed: number): string {
  return `${task}/float/${seed}`
}

function quantizedKey(task: TaskName, config: ConfigName, mode: Mode, seed: number): string {
  return `${task}/${config}/${mode}/${seed}`
}
