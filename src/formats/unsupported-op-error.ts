/** A program with operations that lowbit does not have. */
export class UnsupportedOpError extends RangeError {
  override readonly name: string = 'UnsupportedOpError'
  /** How often each of them occurs, by its name in the program. */
  readonly operations: ReadonlyMap<string, number>

  constructor(subject: string, operations: ReadonlyMap<string, number>) {
    const list = Array.from(operations, ([name, count]) => `${name} (${count}x)`).join(', ')
    super(`Cannot load "${subject}": expected operations that lowbit has, got ${list}`)
    this.operations = operations
  }
}
