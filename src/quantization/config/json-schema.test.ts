import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configJsonSchema } from './json-schema.ts'

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
