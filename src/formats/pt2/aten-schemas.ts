import type { AttributeValue } from '../../ir/attributes.ts'
import { IGNORED, type Parameter, SCHEMAS, type Schema, T } from './aten-schema-table.ts'

const BY_TARGET: ReadonlyMap<string, Schema> = new Map(Object.entries(SCHEMAS))

/** A call of an ATen operation by its parts. */
export interface AtenTarget {
  /** ATen's name, without the underscore of what changes its input in place. */
  readonly name: string
  readonly overload: string
  readonly schema: Schema
  /** Whether the first input is replaced by the result. */
  readonly inPlace: boolean
}

/** Takes a target such as `torch.ops.aten.relu_.default` apart; undefined for what has no schema here. */
export function parseTarget(target: string): AtenTarget | undefined {
  const [, name = '', overload = ''] = /^torch\.ops\.aten\.(\w+)\.(\w+)$/.exec(target) ?? []
  const inPlace = name.endsWith('_')
  const plain = inPlace ? name.slice(0, -1) : name
  const schema = BY_TARGET.get(`${plain}.${overload}`)
  return schema && { name: plain, overload, schema, inPlace }
}

/** The overloads of an ATen operation that have schemas here, by its name without namespace. */
export function overloadsOf(name: string): readonly AtenTarget[] {
  return [...BY_TARGET]
    .filter(([key]) => key.startsWith(`${name}.`))
    .map(([key, schema]) => ({ name, overload: key.slice(name.length + 1), schema, inPlace: false }))
}

/** Whether an argument is a tensor or a list of them. */
export function isTensorParameter(parameter: Parameter): boolean {
  return parameter === T
}

/** Whether an argument is left out. */
export function isIgnored(parameter: Parameter): boolean {
  return parameter === IGNORED
}

/** The default of a constant; undefined where it has none. */
export function defaultOf(parameter: Parameter): AttributeValue | undefined {
  return typeof parameter === 'symbol' ? undefined : parameter
}
