import { FormatError } from './format-error.ts'

/** A JSON value and where it begins in the file. Objects are Maps, so a key such as `__proto__` is only a name. */
export interface JsonNode {
  /** In bytes from the start of the file. */
  readonly offset: number
  readonly value: null | boolean | number | string | JsonNode[] | Map<string, JsonNode>
}

/** How far `parseStrictJson` follows its input. */
export interface StrictJsonOptions {
  /** The format that errors name. */
  readonly format: string
  /** Position of the first byte in the file, added to all offsets; 0 unless told. */
  readonly start?: number
  /** Deepest nesting of arrays and objects; 32 unless told. */
  readonly maxDepth?: number
  /** Most values in the whole document; 5 million unless told. */
  readonly maxValues?: number
}

/**
 * Reads UTF-8 JSON as RFC 8259 defines it, with two differences to `JSON.parse`: a repeated key is an error, and every value
 * knows its byte offset.
 *
 * @throws FormatError at the first byte that does not fit
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): JsonNode {
  return new JsonReader(bytes, options).document()
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const LITERALS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
])
const [SPACE, QUOTE, COMMA, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x3a, 0x5c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

class JsonReader {
  readonly #bytes: Uint8Array
  readonly #options: StrictJsonOptions
  readonly #decoder: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #at = 0
  #depth = 0
  #values = 0

  constructor(bytes: Uint8Array, options: StrictJsonOptions) {
    this.#bytes = bytes
    this.#options = options
  }

  document(): JsonNode {
    const node = this.#node()
    if (this.#peek() !== undefined) this.#fail('the end of the JSON text')
    return node
  }

  #node(): JsonNode {
    const first = this.#peek()
    const offset = (this.#options.start ?? 0) + this.#at
    const { maxValues = 5_000_000 } = this.#options
    if (++this.#values > maxValues) this.#fail(`at most ${maxValues} JSON values`, 'more')
    if (first === OPEN_OBJECT) return { offset, value: this.#nested(() => this.#object()) }
    if (first === OPEN_ARRAY) return { offset, value: this.#nested(() => this.#array()) }
    if (first === QUOTE) return { offset, value: this.#string() }
    return { offset, value: this.#scalar() }
  }

  #nested<T>(read: () => T): T {
    const { maxDepth = 32 } = this.#options
    if (++this.#depth > maxDepth) this.#fail(`JSON nested at most ${maxDepth} deep`, 'more')
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>()
    if (this.#take(CLOSE_OBJECT)) return members
    do {
      if (this.#peek() !== QUOTE) this.#fail('a key in quotes')
      const keyAt = this.#at
      const key = this.#string()
      if (members.has(key)) this.#failAt(keyAt, 'every key once', `"${key}" again`)
      if (!this.#take(COLON)) this.#fail('":"')
      members.set(key, this.#node())
    } while (this.#take(COMMA))
    if (!this.#take(CLOSE_OBJECT)) this.#fail('"," or "}"')
    return members
  }

  #array(): JsonNode[] {
    const items: JsonNode[] = []
    if (this.#take(CLOSE_ARRAY)) return items
    do items.push(this.#node())
    while (this.#take(COMMA))
    if (!this.#take(CLOSE_ARRAY)) this.#fail('"," or "]"')
    return items
  }

  #string(): string {
    const begin = this.#at
    let escaped = false
    let end = begin + 1
    for (; this.#bytes[end] !== QUOTE; end++) {
      const byte = this.#bytes[end]
      if (byte === undefined) this.#failAt(begin, 'a string that ends', 'one without a closing quote')
      if (byte < SPACE) this.#failAt(end, 'no control characters in a string', `0x${byte.toString(16)}`)
      if (byte === BACKSLASH) {
        escaped = true
        end++
      }
    }
    this.#at = end + 1
    return this.#text(begin, end + 1, escaped)
  }

  #text(begin: number, end: number, escaped: boolean): string {
    try {
      const quoted = this.#decoder.decode(this.#bytes.subarray(begin, end))
      return escaped ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
    } catch {
      return this.#failAt(begin, 'a string of UTF-8 with valid escapes', 'another one')
    }
  }

  #scalar(): null | boolean | number {
    const begin = this.#at
    while (isScalarByte(this.#bytes[this.#at])) this.#at++
    const text = String.fromCharCode(...this.#bytes.subarray(begin, Math.min(this.#at, begin + 100)))
    const literal = LITERALS.get(text)
    if (literal !== undefined) return literal
    if (NUMBER.test(text) && this.#at - begin <= 100) return Number(text)
    this.#at = begin
    return text === '' ? this.#fail('a JSON value') : this.#fail('a JSON value', `"${text}"`)
  }

  /** The next byte that is no white space; undefined at the end. */
  #peek(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte !== SPACE && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte
      this.#at++
    }
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false
    this.#at++
    return true
  }

  #fail(expected: string, got?: string): never {
    const byte = this.#bytes[this.#at]
    const found = byte === undefined ? 'the end' : `"${String.fromCharCode(byte)}"`
    return this.#failAt(this.#at, expected, got ?? found)
  }

  #failAt(at: number, expected: string, got: string): never {
    const { format, start = 0 } = this.#options
    throw new FormatError(format, { subject: 'JSON', expected, got, offset: start + at })
  }
}

/** Letters, digits, and the signs of numbers. */
function isScalarByte(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const isDigit = byte >= 0x30 && byte <= 0x39
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
  return isDigit || isLetter || byte === 0x2b || byte === 0x2d || byte === 0x2e
}
