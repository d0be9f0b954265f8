/** One of the two streams that a command writes to. */
export interface TextStream {
  write(text: string): void
  /** Whether a person looks at it. */
  readonly isTerminal: boolean
  /** Whether colours are welcome. */
  readonly hasColors: boolean
  readonly columns: number
}

/** What a command knows of its surroundings. */
export interface Terminal {
  /** Results. */
  readonly out: TextStream
  /** Progress, warnings and errors. */
  readonly err: TextStream
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Milliseconds that a run in progress is given to end after Ctrl-C, before the process ends in the middle of it. */
const PATIENCE_MS = 1000

/** The terminal of a process, with what ends the process. */
export interface ProcessTerminal extends Terminal {
  /** Ends an interrupted process soon: it lives while the engine runs something, which may be long and is of no use any more. */
  leaveSoon(): void
}

/**
 * The terminal of this process. A reader that went away (`lowbit inspect m.onnx | head`) takes nothing more, and the command goes on. The first Ctrl-C
 * asks the command to stop where it leaves nothing half written; the second ends the process.
 */
export function processTerminal(): ProcessTerminal {
  const controller = new AbortController()
  let received: Interruption = 'SIGINT'
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) dieOf(signal)
      received = signal
      controller.abort()
    })
  return {
    out: textStream(process.stdout),
    err: textStream(process.stderr),
    signal: controller.signal,
    leaveSoon: () => void setTimeout(() => dieOf(received), PATIENCE_MS).unref(),
  }
}

type Interruption = 'SIGINT' | 'SIGTERM'

/**
 * Ends this process as the signal would have without a listener. `process.exit` would stop the engine's thread first, and native code that is stopped in the
 * middle of a run aborts the process with a message of its own.
 */
function dieOf(signal: Interruption): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function textStream(stream: NodeJS.WriteStream): TextStream {
  let isOpen = true
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    isOpen = false
  })
  const isTerminal = stream.isTTY === true
  const { NO_COLOR = '', TERM } = process.env
  return {
    write: (text) => {
      if (isOpen) stream.write(text)
    },
    isTerminal,
    hasColors: isTerminal && NO_COLOR === '' && TERM !== 'dumb',
    columns: stream.columns ?? 80,
  }
}
