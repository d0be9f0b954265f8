import { notAmong, unexpected } from '../config-error.ts'
import type { Schema } from './schema.ts'

/** One of a list of words. */
export function oneOf<const T extends string>(words: readonly T[], description?: string): Schema<T> {
  return {
    json: { enum: words, ...(description === undefined ? {} : { description }) },
    read(value, path) {
      const word = words.find((known) => known === value)
      if (word !== undefined) return word
      throw notAmong(path, words, value)
    },
  }
}

/** A whole number of at least `minimum`. As in the Python library, digits in quotes count as the number, true as 1 and false as 0. */
export function integer(minimum: number = Number.MIN_SAFE_INTEGER, description?: string): Schema<number> {
  const bounded = minimum > Number.MIN_SAFE_INTEGER
  return {
    json: {
      type: 'integer',
      ...(bounded ? { minimum } : {}),
      ...(description === undefined ? {} : { description }),
    },
    read(value, path) {
      const isDigits = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)
      const number = isDigits || typeof value === 'boolean' ? Number(value) : value
      if (typeof number === 'number' && Number.isSafeInteger(number) && number >= minimum) return number
      throw unexpected(path, bounded ? `a whole number of at least ${minimum}` : 'a whole number', value)
    },
  }
}

/** A number between two bounds, both allowed. */
export function numberBetween(minimum: number, maximum: number, description: string): Schema<number> {
  return {
    json: { type: 'number', minimum, maximum, description },
    read(value, path) {
      if (typeof value === 'number' && value >= minimum && value <= maximum) return value
      throw unexpected(path, `a number from ${minimum} to ${maximum}`, value)
    },
  }
}

/** true or false. */
export function flag(description: string): Schema<boolean> {
  return {
    json: { type: 'boolean', description },
    read(value, path) {
      if (typeof value === 'boolean') return value
      throw unexpected(path, 'true or false', value)
    },
  }
}

/** Any text. */
export const text: Schema<string> = {
  json: { type: 'string' },
  read(value, path) {
    if (typeof value === 'string') return value
    throw unexpected(path, 'a string', value)
  },
}

/** null, or what another schema reads. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return {
    json: { anyOf: [schema.json, { type: 'null' }] },
    read: (value, path) => (value === null ? null : schema.read(value, path)),
  }
}
