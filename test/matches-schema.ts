import { isDeepStrictEqual } from 'node:util'

/** Keywords that say nothing of what is valid. */
const ANNOTATIONS = ['$schema', '$defs', 'title', 'description', 'default', 'examples', 'deprecated']

type Rules = Readonly<Record<string, unknown>>

/** What a keyword is checked with: its own value, the value under test, the schema around it, and the check of a value by another schema. */
type Keyword = (
  rule: never,
  value: unknown,
  schema: Rules,
  matches: (schema: unknown, value: unknown) => boolean,
) => boolean

const isObject = (value: unknown): value is Rules =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  array: Array.isArray,
  object: isObject,
}

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: (types: string | readonly string[], value) => [types].flat().some((type) => TYPES[type]?.(value)),
  enum: (values: readonly unknown[], value) => values.some((one) => isDeepStrictEqual(one, value)),
  const: (one: unknown, value) => isDeepStrictEqual(one, value),
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  pattern: (source: string, value) => typeof value !== 'string' || new RegExp(source, 'u').test(value),
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  prefixItems: (rules: readonly unknown[], value, _, matches) =>
    !Array.isArray(value) || rules.every((rule, i) => i >= value.length || matches(rule, value[i])),
  items: (rule: unknown, value, { prefixItems = [] }, matches) =>
    !Array.isArray(value) || value.slice([prefixItems].flat().length).every((item) => matches(rule, item)),
  minProperties: (least: number, value) => !isObject(value) || Object.keys(value).length >= least,
  maxProperties: (most: number, value) => !isObject(value) || Object.keys(value).length <= most,
  required: (keys: readonly string[], value) =>
    !isObject(value) || keys.every((key) => Object.hasOwn(value, key)),
  propertyNames: (rule: unknown, value, _, matches) =>
    !isObject(value) || Object.keys(value).every((key) => matches(rule, key)),
  properties: (rules: Rules, value, _, matches) =>
    !isObject(value) ||
    Object.entries(rules).every(([key, rule]) => !Object.hasOwn(value, key) || matches(rule, value[key])),
  additionalProperties: (rule: unknown, value, { properties }, matches) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([key, entry]) => (isObject(properties) && Object.hasOwn(properties, key)) || matches(rule, entry),
    ),
  allOf: (rules: readonly unknown[], value, _, matches) => rules.every((rule) => matches(rule, value)),
  anyOf: (rules: readonly unknown[], value, _, matches) => rules.some((rule) => matches(rule, value)),
  oneOf: (rules: readonly unknown[], value, _, matches) =>
    rules.filter((rule) => matches(rule, value)).length === 1,
  not: (rule: unknown, value, _, matches) => !matches(rule, value),
  if: (rule: unknown, value, schema, matches) =>
    matches((matches(rule, value) ? schema.then : schema.else) ?? true, value),
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: () => true,
  else: () => true,
}

/**
 * Whether a value is valid by a JSON Schema that keeps to the keywords above, with references to its own `$defs` only.
 * @throws RangeError for any other keyword
 */
export function matchesSchema(root: Rules, value: unknown): boolean {
  const matches = (schema: unknown, inner: unknown): boolean => {
    if (!isObject(schema)) return schema === true
    return Object.entries(schema).every(([name, rule]) => {
      if (ANNOTATIONS.includes(name)) return true
      if (name === '$ref') return matches(definition(root, String(rule)), inner)
      const keyword = KEYWORDS[name]
      if (keyword === undefined) throw new RangeError(`Cannot check "${name}": expected a known keyword`)
      return keyword(rule as never, inner, schema, matches)
    })
  }
  return matches(root, value)
}

function definition({ $defs }: Rules, reference: string): unknown {
  return isObject($defs) ? $defs[reference.replace('#/$defs/', '')] : undefined
}
