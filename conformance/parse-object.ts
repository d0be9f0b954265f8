import type { JsonObject } from './case.ts'

/** Whether a value of a JSON document is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a JSON file that has to hold an object.
 *
 * @throws SyntaxError when it is no JSON or something else
 */
export function parseObject(text: string, path: string): JsonObject {
  const value: unknown = JSON.parse(text)
  if (isObject(value)) return value
  throw new SyntaxError(`Cannot read "${path}": expected a JSON object, got another value`)
}
