import { unexpected } from '../config-error.ts'
import type { Schema } from '../schema/schema.ts'
import type { FloatRange } from './spec-fields.ts'

const BOUND = ['number', 'null']

/** A known float range: two bounds, each a number or null, the lower at most 0 and below the upper, the upper at least 0. */
export const floatRange: Schema<FloatRange> = {
  json: {
    type: 'array',
    prefixItems: [
      { type: BOUND, maximum: 0 },
      { type: BOUND, minimum: 0 },
    ],
    items: false,
    minItems: 2,
    not: { const: [0, 0] },
    default: [null, null],
    description: 'Range that is known beforehand, [min, max]; a null bound is observed',
  },
  read(value, path) {
    if (!Array.isArray(value) || value.length !== 2)
      throw unexpected(path, 'a list of two bounds, each a number or null', value)
    const [min, max]: readonly unknown[] = value
    if (!isBound(min) || !isBound(max)) throw unexpected(path, 'bounds that are numbers or null', value)
    if (min !== null && min > 0) throw unexpected(path, 'a lower bound of at most 0', value)
    if (max !== null && max < 0) throw unexpected(path, 'an upper bound of at least 0', value)
    if (min !== null && max !== null && !(min < max))
      throw unexpected(path, 'a lower bound below the upper one', value)
    return Object.freeze([min, max] as const)
  },
}

function isBound(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && !Number.isNaN(value))
}
