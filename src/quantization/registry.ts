import { unexpected } from './config-error.ts'
import { didYouMean } from './nearest-name.ts'

/** Things that specs choose by key: those that lowbit has, and those that users add. */
export class Registry<T> {
  /** What an entry is, for messages: `range calculator`. */
  readonly kind: string
  readonly #entries: Map<string, T>

  constructor(kind: string, entries: Readonly<Record<string, T>>) {
    this.kind = kind
    this.#entries = new Map(Object.entries(entries))
  }

  /** Every key, in the order of registration. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Whether there is an entry under a key. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /**
   * Adds an entry under a key of its own.
   * @throws ConfigError when the key is taken
   */
  register(key: string, entry: T): void {
    if (this.#entries.has(key)) throw unexpected(this.kind, 'a key that is not taken', key)
    this.#entries.set(key, entry)
  }

  /** Takes an entry out again; without it nothing happens. */
  unregister(key: string): void {
    this.#entries.delete(key)
  }

  /**
   * The entry under a key.
   * @param path where the key was given, for the message
   * @throws ConfigError when there is none
   */
  get(key: string, path: string = this.kind): T {
    const entry = this.#entries.get(key)
    if (entry !== undefined) return entry
    const keys = this.keys
    throw unexpected(
      path,
      `a registered ${this.kind} (${keys.join(', ')})`,
      key,
      didYouMean(String(key), keys),
    )
  }
}
