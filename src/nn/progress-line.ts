/** Milliseconds between two versions of a line. */
const INTERVAL_MS = 100

/** Where a line is shown: `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** One line of a terminal that tells how far a loop is. */
export class ProgressLine {
  readonly #terminal: Terminal
  readonly #label: string
  readonly #total: number | undefined
  readonly #now: () => number
  readonly #started: number
  #shownAt: number

  /** @param now clock, in milliseconds */
  constructor(
    terminal: Terminal,
    label: string,
    total: number | undefined,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal
    this.#label = label
    this.#total = total
    this.#now = now
    this.#started = now()
    this.#shownAt = this.#started
  }

  /** Shows a new number, unless the last one is fresh. */
  update(done: number): void {
    if (this.#now() - this.#shownAt >= INTERVAL_MS) this.#show(done)
  }

  /** Shows the last number, and leaves the line. */
  end(done: number): void {
    this.#show(done)
    this.#terminal.write('\n')
  }

  #show(done: number): void {
    this.#shownAt = this.#now()
    const { columns = 80 } = this.#terminal
    this.#terminal.write(`\r\x1b[2K${this.#text(done).slice(0, columns - 1)}`)
  }

  #text(done: number): string {
    const seconds = (this.#shownAt - this.#started) / 1000
    const total = this.#total
    const count = total === undefined ? `${done}` : `${done}/${total}`
    const share = total === undefined || total === 0 ? [] : [`${Math.floor((100 * done) / total)}%`]
    const rate = done === 0 || seconds === 0 ? [] : [`${(done / seconds).toPrecision(3)}/s`]
    const isOver = total === undefined || done >= total
    const time = isOver || done === 0 ? clock(seconds) : `${clock((seconds / done) * (total - done))} left`
    return [...(this.#label === '' ? [] : [this.#label]), count, ...share, ...rate, time].join('  ')
  }
}

/** A line of stderr; undefined where that is no terminal, or there is none. */
export function openProgressLine(label: string, total: number | undefined): ProgressLine | undefined {
  const terminal: Terminal | undefined = typeof process === 'object' ? process.stderr : undefined
  return terminal?.isTTY ? new ProgressLine(terminal, label, total) : undefined
}

/** Minutes and seconds. */
function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
