/** Where warnings go. */
export interface Logger {
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
