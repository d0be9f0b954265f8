import type { Dim } from './dim.ts'

/** A constant argument of an operation. */
export type AttributeValue = Dim | boolean | string | null | readonly AttributeValue[]

/** Constant arguments of an operation by their ATen names in camelCase; defaults are written out. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** Arguments as text, in their order: equal for equal arguments only. Tells apart what JSON does not: 0 and -0, NaN and null. */
export function attributesKey(attrs: Attributes): string {
  let key = ''
  for (const name in attrs) key += `,${name}=${formatAttribute(attrs[name] ?? null)}`
  return key
}

/** Whether two sets of arguments have equal keys. */
export function attributesEqual(a: Attributes, b: Attributes): boolean {
  if (a === b) return true
  for (const name in a) if (!(name in b && valuesEqual(a[name], b[name]))) return false
  for (const name in b) if (!(name in a)) return false
  return true
}

function valuesEqual(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (Object.is(a, b)) return true
  if (isList(a) && isList(b)) return a.length === b.length && a.every((entry, i) => valuesEqual(entry, b[i]))
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false
  return formatAttribute(a) === formatAttribute(b)
}

/** One argument as listings show it: `[1, s + 1]`, `"none"`, `-0`. */
export function formatAttribute(value: AttributeValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Object.is(value, -0)) return '-0'
  return isList(value) ? `[${value.map(formatAttribute).join(', ')}]` : String(value)
}

function isList(value: AttributeValue | undefined): value is readonly AttributeValue[] {
  return Array.isArray(value)
}
