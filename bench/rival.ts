/** The rival process (rival.py: PyTorch eager and coreai-opt) as an object with one request at a time. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exists } from '../scripts/virtual-environment.ts'
import { venvPython } from './environment.ts'

/** Models that both sides build with the same architecture and batch. */
export type BenchModel = 'digits' | 'resnet18' | 'mobilenet_v2' | 'transformer'

/** What one iteration does. */
export type BenchKind =
  | 'float_forward'
  | 'calibration_forward'
  | 'prepared_forward'
  | 'float_step'
  | 'qat_step'
  | 'eager_qat_step'

/** Largest resident sizes of a fresh process that runs one workload. */
export interface RivalMemory {
  /** After imports, with the float model and a batch built. */
  readonly baselineBytes: number
  /** When the workload is ready: the reference's prepare() is behind it. */
  readonly preparedBytes: number
  /** While the workload ran. */
  readonly peakBytes: number
  /** Whether the mark could be reset after prepare(); if not, peakBytes includes it. */
  readonly reset: boolean
}

interface Request {
  readonly cmd: 'run' | 'prepare' | 'memory' | 'versions'
  readonly model?: BenchModel
  readonly kind?: BenchKind
  readonly iterations?: number
}

interface Pending {
  readonly id: number
  readonly subject: string
  readonly resolve: (reply: Record<string, unknown>) => void
  readonly reject: (error: Error) => void
}

const SCRIPT: string = fileURLToPath(new URL('rival.py', import.meta.url))

/** Building the reference's workloads takes tens of seconds on a slow machine, before the first iteration. */
const DEFAULT_TIMEOUT_MS = 600_000

/**
 * A running rival. A workload stays warm between calls of `run` until another is asked for, so a benchmark
 * may alternate with its own program.
 */
export class Rival implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #timeoutMs: number
  #pending: Pending | undefined
  #nextId = 1
  #errors = ''
  #ended: Error | undefined

  constructor(python: string, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs
    // -B: no byte code beside the sources.
    this.#child = spawn(python, ['-B', SCRIPT])
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4000)
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#receive(line))
    this.#child.stdin.on('error', () => {})
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('close', (code, signal) => this.#end(`exit ${code ?? signal}\n${this.#errors}`))
  }

  /** Starts the rival of `npm run bench:setup`, or says what was not found and gives undefined. */
  static async find(
    options: { readonly timeoutMs?: number; readonly onMissing?: (message: string) => void } = {},
  ): Promise<Rival | undefined> {
    const { timeoutMs, onMissing = console.warn } = options
    if (await exists(venvPython)) return new Rival(venvPython, timeoutMs)
    onMissing(
      `Cannot start "rival": expected a Python environment, got none (${venvPython})\n` +
        'Hint: npm run bench:setup',
    )
    return undefined
  }

  /** Milliseconds of each iteration; the first call of a kind also builds the workload, uncounted. */
  async run(model: BenchModel, kind: BenchKind, iterations: number): Promise<number[]> {
    return milliseconds(await this.#ask({ cmd: 'run', model, kind, iterations }))
  }

  /** Milliseconds of the reference's prepare(), each on a fresh model; the first warms its caches. */
  async prepare(model: BenchModel, iterations = 1): Promise<number[]> {
    return milliseconds(await this.#ask({ cmd: 'prepare', model, iterations }))
  }

  /** Memory of some iterations of a workload in a process of its own. */
  async memory(model: BenchModel, kind: BenchKind = 'qat_step', iterations = 3): Promise<RivalMemory> {
    const reply = await this.#ask({ cmd: 'memory', model, kind, iterations })
    return {
      baselineBytes: Number(reply.baselineBytes),
      preparedBytes: Number(reply.preparedBytes),
      peakBytes: Number(reply.peakBytes),
      reset: reply.reset === true,
    }
  }

  /** What is measured: versions by package name, for the benchmark's heading. */
  async versions(): Promise<Record<string, string>> {
    const { versions } = await this.#ask({ cmd: 'versions' })
    const entries = Object.entries(typeof versions === 'object' && versions !== null ? versions : {})
    return Object.fromEntries(entries.map(([name, version]) => [name, String(version)]))
  }

  /** Ends the process; a request that is under way fails. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #ask(request: Request): Promise<Record<string, unknown>> {
    const subject = [request.cmd, request.model, request.kind].filter((part) => part !== undefined).join(' ')
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (this.#pending !== undefined) {
      const busy = `expected one request at a time, got "${this.#pending.subject}" under way`
      return Promise.reject(new Error(`Cannot ask the rival for "${subject}": ${busy}`))
    }
    const id = this.#nextId++
    return new Promise<Record<string, unknown>>((resolve, reject) => {
      const timer = setTimeout(() => this.#end(`no answer in ${this.#timeoutMs} ms`), this.#timeoutMs)
      this.#pending = {
        id,
        subject,
        resolve: (reply) => {
          clearTimeout(timer)
          resolve(reply)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  #receive(line: string): void {
    const pending = this.#pending
    if (pending === undefined) return
    const reply: Record<string, unknown> = JSON.parse(line)
    if (reply.id !== pending.id) return
    this.#pending = undefined
    if (typeof reply.error === 'string') {
      pending.reject(new Error(`Cannot ask the rival for "${pending.subject}": ${reply.error}`))
    } else {
      pending.resolve(reply)
    }
  }

  /** The process is gone or is given up: what waits fails, and so does every later request. */
  #end(cause: string): void {
    if (this.#ended !== undefined) return
    const subject = this.#pending?.subject ?? 'rival'
    this.#ended = new Error(
      `Cannot ask the rival for "${subject}": expected an answer, got ${cause.trimEnd()}`,
    )
    this.#child.kill()
    this.#pending?.reject(this.#ended)
    this.#pending = undefined
  }
}

function milliseconds(reply: Record<string, unknown>): number[] {
  const { ms } = reply
  if (!Array.isArray(ms))
    throw new TypeError(`Cannot read "ms": expected an array, got ${JSON.stringify(ms)}`)
  return ms.map(Number)
}
