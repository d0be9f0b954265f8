import type { Dim } from './dim.ts'

/** A constant argument of an operation. */
export type AttributeValue = Dim | boolean | string | null | readonly AttributeValue[]

/** Constant arguments of an operation by their ATen names in camelCase; defaults are written out. */
export type Attributes = Readonly<Record<string, AttributeValue>>
