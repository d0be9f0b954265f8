/** More names than any program needs; the file says how many there are. */
const MAX_NAMES = 200

/** A program with operations that lowbit does not have. */
export class UnsupportedOpError extends RangeError {
  override readonly name: string = 'UnsupportedOpError'
  /** How often each of them occurs, by its name in the program. */
  readonly operations: ReadonlyMap<string, number>

  /** @param hint what helps, where that is known */
  constructor(subject: string, operations: ReadonlyMap<string, number>, hint?: string) {
    const names = Array.from(operations, ([name, count]) => `${name} (${count}x)`)
    const rest = names.length > MAX_NAMES ? [`and ${names.length - MAX_NAMES} more`] : []
    const list = [...names.slice(0, MAX_NAMES), ...rest].join(', ')
    super(
      `Cannot load "${subject}": expected operations that lowbit has, got ${list}${hint === undefined ? '' : `\nHint: ${hint}`}`,
    )
    this.operations = operations
  }
}
