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

/**
 * The terminal of this process. A reader that went away (`lowbit inspect m.onnx | head`) takes nothing more, and the command goes on. The first Ctrl-C
 * asks the command to stop where it leaves nothing half written; the second ends the process.
 */
export function processTerminal(): Terminal {
  const controller = new AbortController()
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  })
  process.on('SIGTERM', () => controller.abort())
  return { out: textStream(process.stdout), err: textStream(process.stderr), signal: controller.signal }
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
