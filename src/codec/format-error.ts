/** What a reader or writer found wrong, in the parts that make up the message. */
export interface FormatProblem {
  /** What was under way; `read` unless told. */
  readonly action?: 'read' | 'write'
  /** The part of the file or the entry that is wrong: `header`, a tensor's name, a path in an archive. */
  readonly subject: string
  /** What a sound file has there. */
  readonly expected: string
  /** What this file has there. */
  readonly got: string
  /** Position in the file in bytes, where one is known. */
  readonly offset?: number
  /** A place that is no byte offset: a JSON path, a message field. */
  readonly where?: string
  /** The cure, where it is known. */
  readonly hint?: string
  /** The error of a lower layer, kept as `cause`. */
  readonly cause?: unknown
}

/**
 * Thrown when bytes are not what their format demands, or when data cannot be expressed in a format.
 *
 * @example
 * const error = new FormatError('zip', { subject: 'a.bin', expected: '10 bytes', got: '3', offset: 40 })
 * error.message // => 'Cannot read zip "a.bin": expected 10 bytes, got 3 (byte 40)'
 */
export class FormatError extends RangeError {
  override readonly name: string = 'FormatError'
  /** The format's name: `safetensors`, `zip`, `ONNX`. */
  readonly format: string
  /** Position in the file in bytes; undefined where none is known. */
  readonly offset: number | undefined

  constructor(format: string, problem: FormatProblem) {
    super(messageOf(format, problem), problem.cause === undefined ? undefined : { cause: problem.cause })
    this.format = format
    this.offset = problem.offset
  }
}

function messageOf(format: string, problem: FormatProblem): string {
  const { action = 'read', subject, expected, got, offset, where, hint } = problem
  const places = [where, offset === undefined ? undefined : `byte ${offset}`].filter((p) => p !== undefined)
  const place = places.length === 0 ? '' : ` (${places.join(', ')})`
  const message = `Cannot ${action} ${format} "${clip(subject)}": expected ${expected}, got ${clip(got)}${place}`
  return hint === undefined ? message : `${message}\nHint: ${hint}`
}

/** Names and values come from the file and may be of any length. */
function clip(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`
}
