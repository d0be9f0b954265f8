/** Thrown when a file or folder cannot be read or written; the system's own error is the `cause`. */
export class FileError extends Error {
  override readonly name: string = 'FileError'
  readonly path: string

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options)
    this.path = path
  }
}
