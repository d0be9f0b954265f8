/** A JSON Schema (draft 2020-12) document or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a config file may say in one place: how to read it, and how editors may check it. */
export interface Schema<T> {
  /**
   * Turns what a file or a caller says into the value that the code works with.
   * @param path dotted path of the place, for messages
   * @throws ConfigError when it is none of what is expected
   */
  read(value: unknown, path: string): T
  /** The same rule for editors. */
  readonly json: JsonSchema
}

/** Path of an entry of the map at a path. */
export function entryPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
