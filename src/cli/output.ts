import type { Logger } from '../quantization/logger.ts'
import type { Terminal, TextStream } from './terminal.ts'

/** Options that every command has. */
export interface OutputOptions {
  /** One JSON document on stdout instead of text. */
  readonly json?: boolean
  /** No progress, warnings or hints. */
  readonly quiet?: boolean
  /** False where `--no-color` was given. */
  readonly color?: boolean
}

/** Styles of text, as terminals number them. */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** How a text stands out. */
export type Style = keyof typeof STYLES

/** Milliseconds between two versions of the line that tells progress. */
const INTERVAL_MS = 100

/** Where a command writes to: results to stdout, as text or as JSON; progress and warnings to stderr. */
export class Output implements Logger {
  readonly #terminal: Terminal
  readonly #options: OutputOptions
  readonly #warnings = new Map<string, number>()

  constructor(terminal: Terminal, options: OutputOptions = {}) {
    this.#terminal = terminal
    this.#options = options
  }

  /** Whether results are wanted as JSON. */
  get isJson(): boolean {
    return this.#options.json === true
  }

  /** Warnings so far, each once. */
  get warnings(): readonly string[] {
    return [...this.#warnings.keys()]
  }

  /** Writes a line of the result, unless JSON is wanted. */
  print(text: string = ''): void {
    if (!this.isJson) this.#terminal.out.write(`${text}\n`)
  }

  /** Writes the result as JSON, where that is wanted; infinite numbers, which JSON has not, as text. */
  json(value: unknown): void {
    if (this.isJson) this.#terminal.out.write(`${toJson(value)}\n`)
  }

  /** Writes a line for a person who watches. */
  note(text: string): void {
    if (!this.#options.quiet) this.#terminal.err.write(`${text}\n`)
  }

  /** Writes a warning once. */
  warn(message: string): void {
    const count = this.#warnings.get(message) ?? 0
    this.#warnings.set(message, count + 1)
    if (count === 0) this.note(`${this.#styled(this.#terminal.err, 'yellow', 'warning:')} ${message}`)
  }

  /** Writes an error, also when quiet; as JSON where that is wanted. */
  error(message: string, exitCode: number): void {
    const [text = '', ...rest] = message.split('\n')
    this.#terminal.err.write(
      `${this.#styled(this.#terminal.err, 'red', 'error:')} ${[text, ...rest].join('\n')}\n`,
    )
    const hints = rest.filter((line) => line.startsWith('Hint: ')).map((line) => line.slice(6))
    this.json({
      error: { message: text, ...(hints.length === 0 ? {} : { hint: hints.join(' ') }), exitCode },
    })
  }

  /** A text that stands out on stdout, where that can show it. */
  style(style: Style, text: string): string {
    return this.#styled(this.#terminal.out, style, text)
  }

  /** Begins a stage that takes a while: in a terminal a line that tells the share and the time left, elsewhere one line when it is over. */
  stage(label: string): Stage {
    return new Stage(label, this.#terminal.err, this.#options.quiet === true)
  }

  #styled({ hasColors }: TextStream, style: Style, text: string): string {
    return hasColors && this.#options.color !== false ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text
  }
}

/** Something that takes a while, as a person sees it. */
export class Stage {
  readonly #label: string
  readonly #stream: TextStream
  readonly #isSilent: boolean
  readonly #started = performance.now()
  #shownAt = Number.NEGATIVE_INFINITY

  constructor(label: string, stream: TextStream, isSilent: boolean) {
    this.#label = label
    this.#stream = stream
    this.#isSilent = isSilent
    this.#show(label)
  }

  /** Tells how much is done, and how much there is where that is known. */
  update(done: number, total?: number): void {
    if (performance.now() - this.#shownAt < INTERVAL_MS) return
    const seconds = (performance.now() - this.#started) / 1000
    const share = total ? `${done}/${total}  ${Math.floor((100 * done) / total)}%` : `${done}`
    const left = total && done > 0 ? `  ${clock((seconds / done) * (total - done))} left` : ''
    this.#show(`${this.#label}  ${share}${left}`)
  }

  /** Ends it. @returns seconds that it took */
  end(detail: string = ''): number {
    const seconds = (performance.now() - this.#started) / 1000
    if (this.#isSilent) return seconds
    const text = [this.#label, ...(detail === '' ? [] : [detail]), `${seconds.toFixed(1)} s`].join('  ')
    this.#stream.write(this.#stream.isTerminal ? `\r\x1b[2K${text}\n` : `${text}\n`)
    return seconds
  }

  #show(text: string): void {
    if (this.#isSilent || !this.#stream.isTerminal) return
    this.#shownAt = performance.now()
    this.#stream.write(`\r\x1b[2K${text.slice(0, this.#stream.columns - 1)}`)
  }
}

/** Minutes and seconds. */
function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** A value as JSON, indented; infinite numbers as "Infinity", NaN as "NaN". */
export function toJson(value: unknown): string {
  const replace = (_: string, entry: unknown): unknown =>
    typeof entry === 'number' && !Number.isFinite(entry) ? String(entry) : entry
  return JSON.stringify(value, replace, 2)
}
