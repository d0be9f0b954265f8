import type { Logger } from 'lowbit'

/** A logger that keeps what it is told. */
export interface Captured {
  readonly logger: Logger
  readonly warnings: string[]
}

/** Makes a logger that keeps what it is told. */
export function capturingLogger(): Captured {
  const warnings: string[] = []
  return { warnings, logger: { warn: (message) => warnings.push(message) } }
}
