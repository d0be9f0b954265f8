/** An action that does not fit the state of its object: a read of a failed run, a mode that is not active, a missing prepare. */
export class StateError extends Error {
  override readonly name: string = 'StateError'
}
