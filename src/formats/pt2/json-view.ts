import { FormatError } from '../../codec/format-error.ts'
import { type JsonNode, parseStrictJson } from '../../codec/strict-json.ts'

const MAX_DEPTH = 64

/** A value of a JSON file that knows its place, so that whatever is wrong with it can be named. */
export class JsonView {
  readonly #node: JsonNode
  readonly #file: string
  readonly #path: string

  private constructor(node: JsonNode, file: string, path: string) {
    this.#node = node
    this.#file = file
    this.#path = path
  }

  /**
   * Reads JSON text.
   * @param file what messages call it
   */
  static parse(bytes: Uint8Array, file: string): JsonView {
    return new JsonView(parseStrictJson(bytes, { format: 'pt2', maxDepth: MAX_DEPTH }), file, '')
  }

  /** Where it is in the file: `graph_module.graph.nodes[3]`. */
  get path(): string {
    return this.#path
  }

  /** The value under a key, which has to be there. */
  field(key: string): JsonView {
    return this.optional(key) ?? this.fail(`an object with "${key}"`, 'one without')
  }

  /** The value under a key; undefined where the key is missing or holds null. */
  optional(key: string): JsonView | undefined {
    const node = this.#members().get(key)
    return node === undefined || node.value === null ? undefined : this.#at(node, key)
  }

  /** Keys and values of an object. */
  entries(): [string, JsonView][] {
    return Array.from(this.#members(), ([key, node]) => [key, this.#at(node, key)])
  }

  /** The only key of an object and its value: how a union is written. Keys that hold null do not count. */
  variant(): [string, JsonView] {
    const [first, ...others] = this.entries().filter(([, view]) => view.#node.value !== null)
    if (first !== undefined && others.length === 0) return first
    return this.fail('an object with one key', `one with ${others.length + (first ? 1 : 0)}`)
  }

  /** Elements of an array. */
  items(): JsonView[] {
    const { value } = this.#node
    if (!Array.isArray(value)) return this.fail('an array')
    return value.map((node, i) => new JsonView(node, this.#file, `${this.#path}[${i}]`))
  }

  string(): string {
    const { value } = this.#node
    return typeof value === 'string' ? value : this.fail('a string')
  }

  boolean(): boolean {
    const { value } = this.#node
    return typeof value === 'boolean' ? value : this.fail('a boolean')
  }

  /** A number; infinities and NaN are written as strings. */
  number(): number {
    const { value } = this.#node
    if (typeof value === 'number') return value
    if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return Number(value)
    return this.fail('a number')
  }

  /** A whole number; the greatest of 64 bits, which stands for "to the end", becomes the greatest that is safe. */
  integer(): number {
    const { value } = this.#node
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    if (value === 2 ** 63) return Number.MAX_SAFE_INTEGER
    return this.fail('a whole number that JavaScript can count with')
  }

  /** A whole number of at least 0. */
  size(): number {
    const value = this.integer()
    return value >= 0 ? value : this.fail('a whole number of at least 0')
  }

  /** @throws FormatError that names this place */
  fail(expected: string, got: string = this.#kind()): never {
    throw new FormatError('pt2', {
      subject: this.#file,
      expected,
      got,
      where: this.#path === '' ? 'the whole file' : this.#path,
      offset: this.#node.offset,
    })
  }

  #members(): ReadonlyMap<string, JsonNode> {
    const { value } = this.#node
    return value instanceof Map ? value : this.fail('an object')
  }

  #at(node: JsonNode, key: string): JsonView {
    return new JsonView(node, this.#file, this.#path === '' ? key : `${this.#path}.${key}`)
  }

  #kind(): string {
    const { value } = this.#node
    if (value === null) return 'null'
    if (Array.isArray(value)) return 'an array'
    if (value instanceof Map) return 'an object'
    return typeof value === 'string' ? `"${value}"` : String(value)
  }
}
