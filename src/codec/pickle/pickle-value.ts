/** What a pickle can hold here. Tuples and lists are arrays; dictionaries are Maps, so that a key is only a key. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleObject
  | PickleFunction

/** Something that a format knows, such as a tensor. */
export abstract class PickleObject {
  /** What messages call it. */
  abstract readonly kind: string
}

/** A function or class that a format allows in its pickles. It is code of lowbit's, whatever it is called in the file. */
export class PickleFunction {
  readonly name: string
  readonly #body: ((args: readonly PickleValue[]) => PickleValue) | undefined

  /** @param body what a call gives; undefined where the file may name it, but not call it */
  constructor(name: string, body?: (args: readonly PickleValue[]) => PickleValue) {
    this.name = name
    this.#body = body
  }

  get isCallable(): boolean {
    return this.#body !== undefined
  }

  /** Calls it. */
  call(args: readonly PickleValue[]): PickleValue {
    return this.#body?.(args) ?? null
  }
}

/** A value as messages show it. */
export function describePickled(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Map) return `a dictionary of ${value.size}`
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (value instanceof PickleObject) return value.kind
  if (value instanceof PickleFunction) return `the function ${value.name}`
  return typeof value === 'string' ? `"${value}"` : String(value)
}
