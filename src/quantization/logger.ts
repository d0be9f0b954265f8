/** Where warnings go. */
export interface Logger {
  /** Takes one warning: a sentence without a full stop. */
  warn(message: string): void
}

/** Warns through the process in Node, through the console elsewhere. */
export const defaultLogger: Logger = {
  warn(message) {
    if (typeof process === 'object' && typeof process.emitWarning === 'function')
      process.emitWarning(message, 'LowbitWarning')
    else console.warn(message)
  },
}
