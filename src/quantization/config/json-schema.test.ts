import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { matchesSchema } from '../../../test/matches-schema.ts'
import { ConfigError } from '../config-error.ts'
import { configJsonSchema } from './json-schema.ts'
import { QuantizerConfig } from './quantizer-config.ts'
import { readYaml } from './read-yaml.ts'

/** What a schema cannot say, or leaves to the reader: what users register, the order of steps, a key that is a number and no string. */
const BEYOND_SCHEMAS = [
  'load.calc',
  'load.rangecalc',
  'load.fqcls',
  'load.qat_order',
  'load.key_collision',
  'load.state_int_key',
]

/** Entries of the golden data that the project carries. */
function entriesOf(name: string): readonly Readonly<Record<string, unknown>>[] {
  const file = new URL(`../../../conformance/subset/config/${name}/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).cases
}

/** Maps as JSON has them. */
function inJson(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, entry]) => [String(key), inJson(entry)]))
  return Array.isArray(value) ? value.map(inJson) : value
}

/** The content of a file, or undefined where it is no YAML, or empty. */
function contentOf(yaml: unknown): unknown {
  try {
    return inJson(readYaml(String(yaml)).content) ?? undefined
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

test('config.schema.json is what configJsonSchema() gives; write it with scripts/write-config-schema.ts', () => {
  const file = readFileSync(new URL('../../../config.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())))
})

test('configJsonSchema() refers only to what it defines', () => {
  const text = JSON.stringify(configJsonSchema())
  const defined = Object.keys(Object(configJsonSchema().$defs))
  const used = [...text.matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(defined.sort())
})

test('configJsonSchema() takes the valid configs of the golden data and refuses the others', () => {
  const files = entriesOf('loading').flatMap(({ id, yaml, error }) => {
    const content = contentOf(yaml)
    const isValid = error === undefined && id !== 'load.unknown_spec_fields_dropped'
    return content === undefined ? [] : [{ id: String(id), content, isValid }]
  })
  const specs = entriesOf('specs').map(({ args, error }, i) => ({
    id: `specs[${i}]`,
    content: { quantization_config: { global_config: { op_state_spec: { weight: args } } } },
    isValid: error === undefined,
  }))
  const all = [...files, ...specs]
  expect(all.filter(({ isValid }) => !isValid).length).toBeGreaterThan(100)
  const wrong = all.filter(({ content, isValid }) => matchesSchema(configJsonSchema(), content) !== isValid)
  expect(wrong.map(({ id }) => id).sort()).toEqual(BEYOND_SCHEMAS.toSorted())
})

test('configJsonSchema() takes what configs write', () => {
  const configs = [
    new QuantizerConfig(),
    QuantizerConfig.w4PerBlock({ executionMode: 'eager' }).onlyFor('head').without('tail'),
    QuantizerConfig.fromDict({
      quantization_config: { global_config: null, preserved_attributes: ['version'] },
    }),
  ]
  for (const config of configs) {
    expect(matchesSchema(configJsonSchema(), config.toDict())).toBe(true)
    expect(matchesSchema(configJsonSchema(), config.toDict({ computed: true }))).toBe(true)
    expect(matchesSchema(configJsonSchema(), contentOf(config.toYaml()))).toBe(true)
  }
})
